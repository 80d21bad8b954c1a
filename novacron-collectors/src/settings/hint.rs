//! What somebody probably meant.

use std::fmt::Write as _;

/// Says that a table has no such key, which keys it has, and which of them was probably meant.
pub(super) fn unknown(what: &str, key: &str, known: &[&'static str]) -> String {
    let mut text = format!("unknown {what} `{}`", key.escape_debug());
    if let Some(meant) = nearest(key, known) {
        let _ = write!(text, "; did you mean `{meant}`?");
    }
    let known: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
    let _ = write!(text, " Known are {}", known.join(", "));
    text
}

/// The word that is nearest to this one, if it is near: a typing mistake or two away, or longer or
/// shorter by a few letters.
#[must_use]
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = word.to_ascii_lowercase().replace('-', "_");
    // What is typed may be long; no key is.
    if word.len() > 64 {
        return None;
    }
    let far = |known: &str| match known.len() > 3 && word.len() > 3 {
        true if known.starts_with(&word) || word.starts_with(known) => 1,
        _ => distance(&word, known),
    };
    let near = |known: &str| far(known) <= (word.len().max(known.len()) / 3).max(1);
    let known = known.iter().copied().filter(|known| near(known));
    known.min_by_key(|known| far(known))
}

/// How many letters have to be put in, taken out or replaced to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_or_two_is_seen_through() {
        let known = ["interval", "timeout", "enabled", "cpu", "per_vm"];
        for (typed, meant) in [
            ("intervall", Some("interval")),
            ("Interval", Some("interval")),
            ("time-out", Some("timeout")),
            ("enable", Some("enabled")),
            ("cpus", Some("cpu")),
            ("per-vm", Some("per_vm")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, &known), meant, "{typed}");
        }
        assert_eq!(nearest(&"x".repeat(100_000), &known), None);
    }
}
