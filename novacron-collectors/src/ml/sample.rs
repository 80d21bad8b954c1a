//! What both formats come to.

/// One number under one name and labels.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: f64,
}

/// Why an answer is no list of samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Not in the format, and where.
    Malformed(String),
    /// More than is read.
    TooMany,
}

/// The most samples of one answer, and of one of them the most labels and the longest text.
pub(super) const MOST_SAMPLES: usize = 20_000;
pub(super) const MOST_LABELS: usize = 16;
pub(super) const LONGEST_TEXT: usize = 1024;

/// A number as both formats write it in text: digits, or one of three words.
pub(super) fn number(token: &str) -> Option<f64> {
    match token {
        "+Inf" | "Inf" => return Some(f64::INFINITY),
        "-Inf" => return Some(f64::NEG_INFINITY),
        "NaN" => return Some(f64::NAN),
        _ => {}
    }
    let plain = |b: u8| b.is_ascii_digit() || b"+-.eE".contains(&b);
    if !token.bytes().all(plain) {
        return None;
    }
    // A number that is too large for its type would be infinite.
    token.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Whether a name is a metric's or, without colons, a label's.
pub(super) fn is_name(text: &str, colons: bool) -> bool {
    let first = |b: u8| b.is_ascii_alphabetic() || b == b'_' || (colons && b == b':');
    let mut bytes = text.bytes();
    text.len() <= LONGEST_TEXT
        && bytes.next().is_some_and(first)
        && bytes.all(|b| first(b) || b.is_ascii_digit())
}
