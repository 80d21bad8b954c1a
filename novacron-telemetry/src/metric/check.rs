//! The naming rules, as constant functions: a name that breaks one does not compile.
//!
//! They are promlint's rules and the client-library guidelines, moved left. The derive calls them
//! with the span of the field; hosts that register descriptors at run time get the same answers as
//! errors.
//!
//! ```
//! use novacron_telemetry::metric::{Kind, Unit, check};
//!
//! assert!(check::name("acme_jobs_total"));
//! assert!(!check::name("acme jobs"));
//! assert!(check::total_suffix("acme_jobs_total", Kind::Counter));
//! assert!(!check::total_suffix("acme_jobs_total", Kind::Gauge));
//! assert!(check::unit_suffix("acme_wait_seconds_total", Unit::Seconds));
//! ```

use super::descriptor::{Descriptor, Kind, Unit};
use crate::label::LabelDescriptor;

/// Whether `text` is a metric name: snake_case, starting with a letter.
#[must_use]
pub const fn name(text: &str) -> bool {
    snake(text.as_bytes()) && !matches!(text.as_bytes()[0], b'_')
}

/// Whether `text` is a metric name in the formats' own, wider sense: names that somebody else chose
/// may have capitals and colons.
#[must_use]
pub const fn exposed_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !matches!(bytes[at], b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b':') {
            return false;
        }
        at += 1;
    }
    !bytes.is_empty() && !bytes[0].is_ascii_digit() && bytes.len() <= 200
}

/// Whether `text` may be a label: snake_case, and none of the names that belong to Prometheus.
#[must_use]
pub const fn label(text: &str) -> bool {
    snake(text.as_bytes())
        && !starts_with(text, "__")
        && !same(text, "le")
        && !same(text, "quantile")
        && !same(text, "job")
        && !same(text, "instance")
}

/// Whether `_total` stands on counters, and only there.
#[must_use]
pub const fn total_suffix(name: &str, kind: Kind) -> bool {
    ends_with(name, "_total") == matches!(kind, Kind::Counter)
}

/// Whether the name ends in its unit (before `_total`), and in no unit that is not its own.
#[must_use]
pub const fn unit_suffix(name: &str, unit: Unit) -> bool {
    let name = strip_suffix(name, "_total");
    match unit.suffix() {
        Some(suffix) => ends_with_word(name, suffix.as_bytes()),
        None => {
            const BASE: &[&str] = &[
                "seconds", "bytes", "ratio", "percent", "celsius", "watts", "joules", "hertz",
            ];
            let mut at = 0;
            while at < BASE.len() {
                if ends_with_word(name, BASE[at].as_bytes()) {
                    return false;
                }
                at += 1;
            }
            true
        }
    }
}

/// Whether the name does without unit multiples, abbreviations, type words and the suffixes that
/// belong to histograms.
#[must_use]
pub const fn plain_words(name: &str) -> bool {
    const REFUSED: &[&str] = &[
        "count",
        "sum",
        "bucket",
        "ms",
        "us",
        "ns",
        "sec",
        "secs",
        "milliseconds",
        "microseconds",
        "nanoseconds",
        "minutes",
        "hours",
        "days",
        "kb",
        "mb",
        "gb",
        "kib",
        "mib",
        "gib",
        "kilobytes",
        "megabytes",
        "gigabytes",
        "bits",
        "counter",
        "gauge",
        "histogram",
        "summary",
        "fahrenheit",
        "kelvin",
    ];
    let name = strip_suffix(name, "_total");
    let mut at = 0;
    while at < REFUSED.len() {
        if ends_with_word(name, REFUSED[at].as_bytes()) {
            return false;
        }
        at += 1;
    }
    true
}

/// Whether a help text is a sentence that can stand in `# HELP`: not empty, capital first.
#[must_use]
pub const fn help(text: &str) -> bool {
    let bytes = text.as_bytes();
    !bytes.is_empty() && (bytes[0].is_ascii_uppercase() || bytes[0].is_ascii_digit())
}

/// Whether bounds are finite and strictly ascending, and there are at most 60.
#[must_use]
pub const fn bounds(bounds: &[f64]) -> bool {
    let mut at = 0;
    while at < bounds.len() {
        if !bounds[at].is_finite() || (at > 0 && bounds[at - 1] >= bounds[at]) {
            return false;
        }
        at += 1;
    }
    bounds.len() <= 60
}

/// Whether exactly the histograms have bounds.
#[must_use]
pub const fn bounds_fit(kind: Kind, bounds: &[f64]) -> bool {
    matches!(kind, Kind::Histogram) != bounds.is_empty()
}

/// Whether the labels are at most 32, each well named and named once.
#[must_use]
pub const fn labels(labels: &[LabelDescriptor]) -> bool {
    let mut at = 0;
    while at < labels.len() {
        if !label(labels[at].name) {
            return false;
        }
        let mut other = 0;
        while other < at {
            if same(labels[other].name, labels[at].name) {
                return false;
            }
            other += 1;
        }
        at += 1;
    }
    labels.len() <= 32
}

/// Whether the texts of a closed value are few enough, not empty, and stand for themselves on the
/// wire: no backslash, quote or control character.
#[must_use]
pub const fn closed_texts(texts: &[&str]) -> bool {
    let mut at = 0;
    while at < texts.len() {
        let text = texts[at].as_bytes();
        let mut byte = 0;
        while byte < text.len() {
            if matches!(text[byte], b'"' | b'\\' | 0x7f) || text[byte] < b' ' {
                return false;
            }
            byte += 1;
        }
        if text.is_empty() {
            return false;
        }
        at += 1;
    }
    !texts.is_empty() && texts.len() <= 1024
}

/// The first name that two descriptors of these groups share.
///
/// Names are kept in a small hash table: comparing each with every other is more than the compiler
/// will evaluate.
///
/// # Panics
///
/// If there are more than 4 096 of them.
#[must_use]
pub const fn duplicate(groups: &[&[Descriptor]]) -> Option<&'static str> {
    const SLOTS: usize = 8192;
    let mut slots: [Option<&'static str>; SLOTS] = [None; SLOTS];
    let mut known = 0;
    let mut g = 0;
    while g < groups.len() {
        let mut d = 0;
        while d < groups[g].len() {
            let name = groups[g][d].name;
            let mut at = fnv(name.as_bytes()) as usize % SLOTS;
            while let Some(other) = slots[at] {
                if same(other, name) {
                    return Some(name);
                }
                at = (at + 1) % SLOTS;
            }
            slots[at] = Some(name);
            known += 1;
            // A full table would be searched for ever.
            assert!(known <= SLOTS / 2, "more families than are compared");
            d += 1;
        }
        g += 1;
    }
    None
}

const fn fnv(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}

const fn snake(text: &[u8]) -> bool {
    let mut at = 0;
    while at < text.len() {
        if !matches!(text[at], b'a'..=b'z' | b'0'..=b'9' | b'_') {
            return false;
        }
        at += 1;
    }
    !text.is_empty() && !text[0].is_ascii_digit() && text.len() <= 200
}

const fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && matches_at(a.as_bytes(), 0, b.as_bytes())
}

const fn starts_with(text: &str, start: &str) -> bool {
    text.len() >= start.len() && matches_at(text.as_bytes(), 0, start.as_bytes())
}

const fn ends_with(text: &str, end: &str) -> bool {
    text.len() >= end.len() && matches_at(text.as_bytes(), text.len() - end.len(), end.as_bytes())
}

const fn ends_with_word(text: &[u8], word: &[u8]) -> bool {
    if text.len() == word.len() {
        return matches_at(text, 0, word);
    }
    text.len() > word.len()
        && text[text.len() - word.len() - 1] == b'_'
        && matches_at(text, text.len() - word.len(), word)
}

const fn strip_suffix<'a>(text: &'a str, end: &str) -> &'a [u8] {
    let bytes = text.as_bytes();
    if ends_with(text, end) {
        bytes.split_at(bytes.len() - end.len()).0
    } else {
        bytes
    }
}

const fn matches_at(text: &[u8], from: usize, part: &[u8]) -> bool {
    let mut at = 0;
    while at < part.len() {
        if text[from + at] != part[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_stand_at_the_end_and_only_when_declared() {
        assert!(unit_suffix("a_seconds_total", Unit::Seconds));
        assert!(!unit_suffix("a_seconds_total", Unit::Of("things")));
        assert!(!unit_suffix("a_total", Unit::Seconds));
        assert!(
            unit_suffix("a_milliseconds_total", Unit::None),
            "another rule refuses these"
        );
        assert!(!plain_words("a_milliseconds_total"));
        assert!(unit_suffix("a_bytes_per_second", Unit::BytesPerSecond));
    }

    #[test]
    fn label_names_of_prometheus_are_refused() {
        for text in [
            "le", "job", "instance", "quantile", "__name__", "", "9a", "A",
        ] {
            assert!(!label(text), "{text}");
        }
        assert!(label("type") && label("_private"));
    }
}
