//! What somebody probably meant.

/// The key that was probably meant by one that is not known, from what the parser says: it names
/// the one, and lists the others.
pub(super) fn meant(said: &str) -> Option<&str> {
    let (_, rest) = said.split_once("unknown field `")?;
    let (typed, rest) = rest.split_once('`')?;
    let (_, known) = rest.split_once("expected ")?;
    nearest(typed, known.split('`').skip(1).step_by(2))
}

/// The word that is nearest to this one, if it is near.
fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_ascii_lowercase().replace('-', "_");
    // What is typed may be long; no key is.
    if typed.len() > 64 {
        return None;
    }
    known
        .map(|known| {
            let shared = typed.starts_with(known) || known.starts_with(&typed);
            let far = match shared && typed.len() > 3 && known.len() > 3 {
                true => 1,
                false => distance(&typed, known),
            };
            (far, known)
        })
        .filter(|(far, known)| *far <= (typed.len().max(known.len()) / 3).max(1))
        .min_by_key(|(far, _)| *far)
        .map(|(_, known)| known)
}

/// How many letters have to be put in, taken out or replaced to make one word of the other.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, letter) in from.bytes().enumerate() {
        let mut corner = above;
        row[0] = above + 1;
        for (at, other) in to.bytes().enumerate() {
            let replaced = corner + usize::from(letter != other);
            corner = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1).min(corner + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_seen_through_and_a_foreign_word_is_not() {
        let known = ["listen", "exporter", "token_file", "client_ca", "cert"];
        for (typed, expected) in [
            ("exportr", Some("exporter")),
            ("Listen", Some("listen")),
            ("listen_address", Some("listen")),
            ("token-file", Some("token_file")),
            ("tokenfile", Some("token_file")),
            ("certs", Some("cert")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, known.into_iter()), expected, "{typed}");
        }
        let long = "x".repeat(100_000);
        assert_eq!(nearest(&long, known.into_iter()), None);
        assert_eq!(
            meant("unknown field `lisen`, expected `listen`"),
            Some("listen")
        );
        assert_eq!(meant("unknown field `"), None);
    }
}
