//! `tracestate`: what other systems say about a trace, carried along unread.

use std::sync::Arc;

/// A `tracestate` that keeps to the grammar and to the limits of W3C Trace Context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TraceState(Arc<str>);

/// More is no header but an attempt.
const READ_AT_MOST: usize = 8192;
/// What the standard asks everybody to pass on; we pass on no more.
const PASS_ON: usize = 512;
const MEMBERS: usize = 32;
/// From here on a member goes first when something has to go.
const LONG_MEMBER: usize = 128;

impl TraceState {
    /// Reads the values of all `tracestate` headers of a message, in their order. What breaks the
    /// grammar anywhere is dropped as a whole.
    pub(super) fn parse<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let mut members: Vec<&str> = Vec::new();
        let mut length = 0;
        for value in values {
            length += value.len();
            if length > READ_AT_MOST {
                return None;
            }
            for member in std::str::from_utf8(value).ok()?.split(',') {
                let member = member.trim_matches([' ', '\t']);
                if member.is_empty() {
                    continue;
                }
                let key = key_of(member)?;
                let again = members
                    .iter()
                    .any(|known| key_of(known).is_some_and(|known| known == key));
                if again || members.len() == MEMBERS {
                    return None;
                }
                members.push(member);
            }
        }
        shorten(&mut members);
        (!members.is_empty()).then(|| Self(members.join(",").into()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Long members go first, then those at the end, which were written longest ago.
fn shorten(members: &mut Vec<&str>) {
    let length = |members: &[&str]| {
        members
            .iter()
            .map(|member| member.len() + 1)
            .sum::<usize>()
            .saturating_sub(1)
    };
    while length(members) > PASS_ON {
        match members
            .iter()
            .rposition(|member| member.len() > LONG_MEMBER)
        {
            Some(long) => members.remove(long),
            None => members.remove(members.len() - 1),
        };
    }
}

fn key_of(member: &str) -> Option<&str> {
    let (key, value) = member.split_once('=')?;
    (is_key(key) && is_value(value)).then_some(key)
}

fn is_key(key: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/@".contains(&byte);
    let first = key.bytes().next();
    first.is_some_and(|first| first.is_ascii_lowercase() || first.is_ascii_digit())
        && key.len() <= 256
        && key.bytes().all(allowed)
}

fn is_value(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= 256
        && value
            .bytes()
            .all(|byte| matches!(byte, 0x20..=0x7e) && !b",=".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Option<String> {
        TraceState::parse(values.iter().map(|value| value.as_bytes()))
            .map(|state| state.as_str().to_owned())
    }

    #[test]
    fn headers_are_one_list() {
        assert_eq!(
            read(&["a=1, b=2", "tenant@vendor=x y"]).unwrap(),
            "a=1,b=2,tenant@vendor=x y"
        );
        assert_eq!(read(&["", " , "]), None);
    }

    #[test]
    fn what_breaks_the_grammar_is_dropped() {
        let many: Vec<String> = (0..33).map(|n| format!("k{n}=v")).collect();
        let (many, huge) = (many.join(","), "a=".to_owned() + &"x".repeat(10_000));
        for bad in [
            "A=1", "a", "=1", "a=", "a=1,a=2", "a=\u{1}", "a=b=c", "ä=1", &many, &huge,
        ] {
            assert_eq!(read(&[bad]), None, "{bad}");
        }
        assert_eq!(TraceState::parse([&b"a=\xff"[..]]), None);
    }

    #[test]
    fn what_is_too_long_loses_its_long_members_first() {
        let long = format!("long={}", "x".repeat(200));
        let short: Vec<String> = (0..20)
            .map(|n| format!("k{n:02}={}", "v".repeat(20)))
            .collect();
        let read = read(&[&long, &short.join(",")]).unwrap();
        assert!(read.len() <= PASS_ON);
        assert!(read.starts_with("k00=") && !read.contains("long"));
    }
}
