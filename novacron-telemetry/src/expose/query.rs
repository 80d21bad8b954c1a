//! Which families the query string asks for, each as often as one likes: `name[]=…` by name,
//! `collect[]=…` and `exclude[]=…` by the collector that writes them.

use std::collections::BTreeSet;

use crate::registry::Walk;

/// Leaves out of a walk what the query does not ask for. A query that asks for nothing in
/// particular asks for everything.
pub(super) fn narrow(walk: Walk, query: Option<&str>) -> Walk {
    let Some(query) = query else { return walk };
    let walk = match values(query, "name[]") {
        Some(names) => walk.only(&names),
        None => walk,
    };
    let walk = match values(query, "collect[]") {
        Some(collectors) => walk.of_collectors(&collectors),
        None => walk,
    };
    match values(query, "exclude[]") {
        Some(collectors) => walk.without_collectors(&collectors),
        None => walk,
    }
}

/// The values of a key; `None` if it does not occur.
fn values(query: &str, asked: &str) -> Option<BTreeSet<String>> {
    let mut values = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(key, _)| decode(key) == asked)
        .map(|(_, value)| decode(value))
        .peekable();
    values.peek().is_some().then(|| values.collect())
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
        for query in ["", "name[]", "names=x", "a=b&c"] {
            assert_eq!(values(query, "name[]"), None, "{query:?}");
        }
    }

    #[test]
    fn names_are_decoded_and_may_repeat() {
        let query = "x=1&name%5B%5D=a%5fb&name[]=c&name[]=%zz+%";
        let asked = values(query, "name[]").unwrap();
        assert_eq!(asked.into_iter().collect::<Vec<_>>(), ["%zz %", "a_b", "c"]);
    }
}
