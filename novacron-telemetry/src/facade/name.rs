//! Names that were chosen for other systems, as the exposition formats have them.
//!
//! Every character but an ASCII letter, digit or `_` becomes `_`, so two names may become one. That
//! is for the callers to notice: they keep the original beside it and refuse the second.

use crate::metric::Kind;

/// The longest name, of a family or a label, in bytes.
pub(super) const LONGEST: usize = 200;

/// A family's name; counters end in `_total`, or OpenMetrics would not call them counters.
///
/// Units are never appended: the name is what dashboards were written for.
pub(super) fn of_family(raw: &str, kind: Kind) -> String {
    let mut name = plain(raw);
    if kind == Kind::Counter && !name.ends_with("_total") {
        name.push_str("_total");
    }
    name
}

/// A label's name, or `None` if the formats keep it for themselves.
///
/// What belongs to the scraped target (`job`, `instance`, and constant labels) gets the name that
/// Prometheus gives such a label when it meets it: `exported_…`.
pub(super) fn of_label(raw: &str, is_constant: impl Fn(&str) -> bool) -> Option<String> {
    let name = plain(raw);
    if name.is_empty() || name.starts_with("__") || matches!(&*name, "le" | "quantile") {
        return None;
    }
    if matches!(&*name, "job" | "instance") || is_constant(&name) {
        return Some(format!("exported_{name}"));
    }
    Some(name)
}

fn plain(raw: &str) -> String {
    let mut name = String::with_capacity(raw.len() + 1);
    if raw.starts_with(|c: char| c.is_ascii_digit()) {
        name.push('_');
    }
    name.extend(
        raw.chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }),
    );
    name
}

/// At most `bytes` of a text, cut between characters.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_end_in_total_once() {
        assert_eq!(
            of_family("http.requests", Kind::Counter),
            "http_requests_total"
        );
        assert_eq!(
            of_family("http.requests.total", Kind::Counter),
            "http_requests_total"
        );
        assert_eq!(of_family("tokio::busy", Kind::Gauge), "tokio__busy");
        assert_eq!(of_family("5xx", Kind::Histogram), "_5xx");
        assert_eq!(of_family("größe", Kind::Gauge), "gr__e");
    }

    #[test]
    fn reserved_labels_are_refused_and_those_of_the_target_renamed() {
        let label = |raw| of_label(raw, |name| name == "component");
        for raw in ["le", "quantile", "__name__", "__other", "", "::x"] {
            assert_eq!(label(raw), None, "{raw}");
        }
        assert_eq!(label("job").as_deref(), Some("exported_job"));
        assert_eq!(label("component").as_deref(), Some("exported_component"));
        assert_eq!(label("user.id").as_deref(), Some("user_id"));
    }

    #[test]
    #[cfg(feature = "facade")]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("aü", 2), "a");
        assert_eq!(cut("aü", 3), "aü");
    }
}
