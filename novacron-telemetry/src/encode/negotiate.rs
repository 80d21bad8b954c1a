//! What a scraper asked for: `Accept` and `Accept-Encoding`, with q-values (RFC 9110, 12.5).
//!
//! When in doubt the answer is the plain text format, uncompressed: every scraper reads it.

use super::Format;

/// The most bytes of a header that are looked at, and the most items in it. A scraper's header has
/// a few hundred bytes; more is an attempt to keep us busy.
const MAX_BYTES: usize = 4096;
const MAX_ITEMS: usize = 64;

/// How the body is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// As it is.
    Identity,
    /// Compressed.
    Gzip,
}

/// The format that the values of `Accept` ask for.
pub(crate) fn format<'a>(accept: impl IntoIterator<Item = &'a str>) -> Format {
    let mut text = Weight::default();
    let mut open_metrics = Weight::default();
    for item in items(accept) {
        match item.name.to_ascii_lowercase().as_str() {
            "application/openmetrics-text" if item.speaks("1.0.0") => {
                open_metrics.at(item.q, Precision::Exact);
            }
            "application/*" => open_metrics.at(item.q, Precision::Kind),
            "text/plain" if item.speaks("0.0.4") => text.at(item.q, Precision::Exact),
            "text/*" => text.at(item.q, Precision::Kind),
            // Whoever takes anything gets text.
            "*/*" => text.at(item.q, Precision::Any),
            _ => {}
        }
    }
    // Everybody who asked for nothing we have gets text.
    if open_metrics.q > 0 && open_metrics.q >= text.q {
        Format::OpenMetrics
    } else {
        Format::Text
    }
}

/// The coding that the values of `Accept-Encoding` ask for.
pub(crate) fn coding<'a>(accept_encoding: impl IntoIterator<Item = &'a str>) -> Coding {
    let mut gzip = Weight::default();
    let mut identity = Weight::default();
    for item in items(accept_encoding) {
        if item.name.eq_ignore_ascii_case("gzip") || item.name.eq_ignore_ascii_case("x-gzip") {
            gzip.at(item.q, Precision::Exact);
        } else if item.name.eq_ignore_ascii_case("identity") {
            identity.at(item.q, Precision::Exact);
        } else if item.name == "*" {
            gzip.at(item.q, Precision::Any);
        }
    }
    if gzip.q > 0 && gzip.q >= identity.q {
        Coding::Gzip
    } else {
        Coding::Identity
    }
}

/// How much something is wanted: what names it most precisely counts.
#[derive(Clone, Copy, Debug, Default)]
struct Weight {
    q: u16,
    precision: Precision,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Precision {
    #[default]
    None,
    Any,
    Kind,
    Exact,
}

impl Weight {
    fn at(&mut self, q: u16, precision: Precision) {
        if precision > self.precision || (precision == self.precision && q > self.q) {
            *self = Self { q, precision };
        }
    }
}

/// One item of a list header.
#[derive(Debug)]
struct Item<'a> {
    name: &'a str,
    version: Option<&'a str>,
    /// Thousandths.
    q: u16,
}

impl Item<'_> {
    /// Whether it takes this version; one that names none takes any.
    fn speaks(&self, version: &str) -> bool {
        self.version.is_none_or(|asked| asked == version)
    }
}

fn items<'a>(values: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = Item<'a>> {
    let mut left = MAX_BYTES;
    values
        .into_iter()
        .map_while(move |value| {
            let taken = value.len().min(left);
            left -= taken;
            // A header that is cut loses its last item, not the meaning of the others.
            (taken > 0).then(|| {
                if taken == value.len() {
                    value
                } else {
                    whole_items(value, taken)
                }
            })
        })
        .flat_map(|value| value.split(','))
        .take(MAX_ITEMS)
        .filter_map(item)
}

fn whole_items(value: &str, limit: usize) -> &str {
    let end = value.as_bytes()[..limit]
        .iter()
        .rposition(|byte| *byte == b',');
    end.and_then(|end| value.get(..end)).unwrap_or_default()
}

fn item(text: &str) -> Option<Item<'_>> {
    let mut parts = text.split(';').map(str::trim);
    let mut item = Item {
        name: parts.next().filter(|name| !name.is_empty())?,
        version: None,
        q: 1000,
    };
    for parameter in parts {
        let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let (key, value) = (key.trim(), value.trim());
        if key.eq_ignore_ascii_case("q") {
            item.q = q_value(value)?;
        } else if key.eq_ignore_ascii_case("version") {
            item.version = Some(value.trim_matches('"'));
        }
    }
    Some(item)
}

/// `0` to `1` with at most three digits, in thousandths; `None` if it is anything else.
fn q_value(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return None;
    }
    let thousandths = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}
