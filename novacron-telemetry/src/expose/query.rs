//! Which families the query string asks for: `name[]=…`, as often as one likes.

use std::collections::BTreeSet;

/// The names asked for; `None` if the query asks for no name, and so for everything.
pub(super) fn names(query: Option<&str>) -> Option<BTreeSet<String>> {
    let mut names = query?
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(key, _)| decode(key) == "name[]")
        .map(|(_, value)| decode(value))
        .peekable();
    names.peek().is_some().then(|| names.collect())
}

/// Undoes percent-encoding. What is not valid stays as it is: no family has such a name.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let (byte, after) = match (first, after) {
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => (high * 16 + low, after),
                _ => (b'%', &rest[1..]),
            },
            (b'+', after) => (b' ', after),
            (byte, after) => (*byte, after),
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_without_names_asks_for_everything() {
        for query in [
            None,
            Some(""),
            Some("name[]"),
            Some("names=x"),
            Some("a=b&c"),
        ] {
            assert_eq!(names(query), None, "{query:?}");
        }
    }

    #[test]
    fn names_are_decoded_and_may_repeat() {
        let asked = names(Some("x=1&name%5B%5D=a%5fb&name[]=c&name[]=%zz+%")).unwrap();
        assert_eq!(asked.into_iter().collect::<Vec<_>>(), ["%zz %", "a_b", "c"]);
    }
}
