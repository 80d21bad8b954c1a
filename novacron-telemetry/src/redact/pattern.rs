//! Secrets inside texts.
//!
//! One pass over the bytes. Most bytes begin nothing and cost a look into a table; only a separator,
//! a dash, a dollar sign or the first letter of a known mark is looked at more closely.

use std::ops::Range;

use super::REDACTED;
use super::key::is_secret;

/// Marks that issuers put in front of their tokens, and how long what follows must be.
const MARKS: [(&str, usize); 31] = [
    ("AKIA", 16),
    ("ASIA", 16),
    ("AIza", 30),
    ("AGE-SECRET-KEY-1", 20),
    ("SG.", 20),
    ("dop_v1_", 20),
    ("eyJ", 10),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("gldt-", 16),
    ("hvs.", 20),
    ("hvb.", 20),
    ("npm_", 20),
    ("pypi-", 20),
    ("rk_live_", 10),
    ("rk_test_", 10),
    ("sk-", 20),
    ("sk_live_", 10),
    ("sk_test_", 10),
    ("whsec_", 16),
    ("xapp-", 10),
    ("xoxa-", 10),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xoxs-", 10),
    ("ya29.", 20),
];

/// Hashes of passwords, in the form that `crypt` writes them.
const HASHES: [&str; 7] = ["$1$", "$5$", "$6$", "$2", "$argon2", "$scrypt", "$y$"];

/// Words that announce credentials in the word after them.
const SCHEMES: [&str; 7] = [
    "bearer",
    "basic",
    "digest",
    "token",
    "negotiate",
    "apikey",
    "aws4-hmac-sha256",
];

const NOTHING: u8 = 0;
const SEPARATOR: u8 = 1;
const LETTER: u8 = 2;
const DASH: u8 = 3;
const DOLLAR: u8 = 4;

/// What a byte may begin.
const CLASS: [u8; 256] = {
    let mut class = [NOTHING; 256];
    class[b'=' as usize] = SEPARATOR;
    class[b':' as usize] = SEPARATOR;
    class[b'-' as usize] = DASH;
    class[b'$' as usize] = DOLLAR;
    let mut at = 0;
    while at < MARKS.len() {
        class[MARKS[at].0.as_bytes()[0] as usize] = LETTER;
        at += 1;
    }
    // Bearer and Basic, in any case.
    class[b'b' as usize] = LETTER;
    class[b'B' as usize] = LETTER;
    class
};

/// The first secret that begins at or after `from`.
pub(super) fn find(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = from;
    while at < bytes.len() {
        let found = match CLASS[usize::from(bytes[at])] {
            NOTHING => None,
            SEPARATOR => separated(bytes, at, from),
            LETTER if begins_word(bytes, at) => marked(bytes, at).or_else(|| announced(bytes, at)),
            DASH => pem(bytes, at).or_else(|| flagged(bytes, at)),
            DOLLAR => hashed(bytes, at),
            _ => None,
        };
        // A range that would cut a character is none: all of them end at ASCII or at the end.
        if let Some(found) = found
            && found.start >= from
            && !found.is_empty()
            && text
                .get(found.clone())
                .is_some_and(|secret| secret != REDACTED)
        {
            return Some(found);
        }
        at += 1;
    }
    None
}

/// `key=value`, `key: value`, `"key": "value"`, `scheme://user:password@host`.
fn separated(bytes: &[u8], at: usize, from: usize) -> Option<Range<usize>> {
    if bytes[at] == b':' {
        if bytes[at + 1..].starts_with(b"//") {
            return authority(bytes, at + 3);
        }
        // A path of Rust.
        if bytes.get(at + 1) == Some(&b':') || (at > 0 && bytes[at - 1] == b':') {
            return None;
        }
    }
    let key = key_before(bytes, at, from)?;
    if !is_secret(key) {
        return source_name(bytes, at);
    }
    let cookies = contains(key, b"cookie");
    value(bytes, skip(bytes, at + 1, |byte| byte == b' '), cookies)
}

/// The key that ends where the separator stands, without quotes around it.
fn key_before(bytes: &[u8], separator: usize, from: usize) -> Option<&[u8]> {
    let mut end = separator;
    while end > from && matches!(bytes[end - 1], b' ' | b'"' | b'\'' | b'\\') && separator - end < 8
    {
        end -= 1;
    }
    let mut start = end;
    while start > from && is_key(bytes[start - 1]) && end - start < 64 {
        start -= 1;
    }
    (start < end).then(|| &bytes[start..end])
}

/// The value that begins here: quoted, in brackets, or up to a delimiter.
fn value(bytes: &[u8], start: usize, cookies: bool) -> Option<Range<usize>> {
    if bytes[start.min(bytes.len())..].starts_with(REDACTED.as_bytes()) {
        return None;
    }
    if let Some(inside) = quoted(bytes, start) {
        return Some(inside);
    }
    // `Some("…")`: what is inside.
    let name = skip(bytes, start, |byte| byte.is_ascii_alphabetic());
    if name > start && bytes.get(name) == Some(&b'(') {
        return value(bytes, name + 1, cookies);
    }
    match bytes.get(start)? {
        b'\n' | b'\r' => None,
        b'[' | b'{' => Some(start..bracket_end(bytes, start)),
        _ if cookies => {
            let end = skip(bytes, start, |byte| !matches!(byte, b'\n' | b'\r' | b'"'));
            Some(start..end)
        }
        _ => {
            let end = word_end(bytes, start);
            let word = &bytes[start..end];
            let is = |scheme: &str| word.eq_ignore_ascii_case(scheme.as_bytes());
            let end = if bytes.get(end) != Some(&b' ') || !SCHEMES.iter().any(|scheme| is(scheme)) {
                end
            } else if is("digest") || is("aws4-hmac-sha256") {
                // Many words belong to these: `Digest username="…", response="…"`.
                skip(bytes, end, |byte| !matches!(byte, b'\n' | b'\r'))
            } else {
                word_end(bytes, end + 1)
            };
            Some(start..end)
        }
    }
}

/// What stands in the quotes that open here. Quotes inside quotes have backslashes in front, and
/// close with as many.
fn quoted(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let slashes = skip(bytes, start, |byte| byte == b'\\') - start;
    let quote = start + slashes;
    match bytes.get(quote) {
        Some(b'"' | b'\'') => Some(quote + 1..quote_end(bytes, quote + 1, bytes[quote], slashes)),
        _ => None,
    }
}

/// Where the closing quote with so many backslashes stands, or the text ends.
fn quote_end(bytes: &[u8], start: usize, quote: u8, slashes: usize) -> usize {
    let mut before = 0;
    for (at, &byte) in bytes.iter().enumerate().skip(start) {
        match byte {
            b'\\' => before += 1,
            // One more level of quoting doubles them and adds one. So an even number of such groups
            // is a quote inside, and an odd one the end, perhaps behind a backslash of the text.
            byte if byte == quote
                && (before + 1) % (slashes + 1) == 0
                && (before + 1) / (slashes + 1) % 2 == 1 =>
            {
                return at - slashes;
            }
            _ => before = 0,
        }
    }
    bytes.len()
}

/// Where the bracket that opens here was closed, quotes and brackets inside it left aside.
fn bracket_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0u32;
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'[' | b'{' | b'(' => depth += 1,
            b']' | b'}' | b')' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            b'"' | b'\\' => {
                if let Some(inside) = quoted(bytes, at) {
                    at = inside.end;
                    at = skip(bytes, at, |byte| byte == b'\\');
                }
            }
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// Where an unquoted value ends.
fn word_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'[' | b'{' | b'(' => at = bracket_end(bytes, at),
            b' ' | b'\t' | b'\n' | b'\r' | b',' | b';' | b'&' | b')' | b']' | b'}' | b'"'
            | b'\'' | b'<' | b'>' | b'|' | b'\\' => break,
            _ => at += 1,
        }
    }
    at
}

/// The user and password in front of a URL's host.
fn authority(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let end = skip(bytes, start, |byte| {
        !matches!(
            byte,
            b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'\\'
        ) && byte > b' '
    });
    let at = bytes
        .get(start..end)?
        .iter()
        .rposition(|byte| *byte == b'@')?;
    Some(start..start + at)
}

/// `user:password@tcp(host)`: the data source names of Go's MySQL driver, which have no scheme.
fn source_name(bytes: &[u8], colon: usize) -> Option<Range<usize>> {
    let start = colon + 1;
    let end = skip(bytes, start, |byte| byte > b' ' && byte != b'"');
    let value = bytes.get(start..end)?;
    let at = value.iter().rposition(|byte| *byte == b'@')?;
    let host = &value[at + 1..];
    (host.starts_with(b"tcp(") || host.starts_with(b"unix(")).then(|| start..start + at)
}

/// A token with the mark of its issuer.
fn marked(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let rest = &bytes[start..];
    let (mark, tail) = MARKS
        .iter()
        .find(|(mark, _)| rest.starts_with(mark.as_bytes()))?;
    let end = skip(bytes, start, is_token);
    let token = &bytes[start..end];
    let enough = token.len() >= mark.len() + tail;
    let right = match *mark {
        // Exactly that long, and nothing but capitals and digits.
        "AKIA" | "ASIA" => {
            token.len() == 20
                && token
                    .iter()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        }
        // A header, a dot and a body.
        "eyJ" => token
            .iter()
            .position(|byte| *byte == b'.')
            .is_some_and(|dot| dot >= 8),
        // Hyphenated words may begin so.
        "sk-" | "pypi-" | "npm_" => token.iter().any(u8::is_ascii_digit),
        _ => true,
    };
    (enough && right).then_some(start..end)
}

/// `Bearer …` and `Basic …` without a key in front.
fn announced(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let scheme = |name: &[u8]| {
        bytes
            .get(start..start + name.len())
            .is_some_and(|word| word.eq_ignore_ascii_case(name))
    };
    let length = [&b"bearer "[..], b"basic "]
        .into_iter()
        .find(|name| scheme(name))?
        .len();
    let begin = skip(bytes, start + length, |byte| byte == b' ');
    let end = skip(bytes, begin, |byte| is_token(byte) || byte == b'~');
    let token = &bytes[begin..end];
    // Prose goes on in small letters: "basic authentication".
    let random = token
        .iter()
        .any(|byte| byte.is_ascii_digit() || *byte == b'=')
        || token.iter().skip(1).any(u8::is_ascii_uppercase)
        || token.len() >= 32;
    (token.len() >= 8 && random).then_some(begin..end)
}

/// A private key, to its end or to that of the text. Certificates and public keys are public.
fn pem(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    const END: &[u8] = b"-----END ";
    let rest = &bytes[start..];
    if !rest.starts_with(BEGIN) {
        return None;
    }
    let title = &rest[BEGIN.len()..rest.len().min(BEGIN.len() + 48)];
    if !contains(title, b"private key") {
        return None;
    }
    let end = rest
        .windows(END.len())
        .position(|here| here == END)
        .map_or(bytes.len(), |end| {
            let after = start + end + END.len();
            let dashes = bytes[after..].windows(5).position(|here| here == b"-----");
            dashes.map_or(bytes.len(), |dashes| after + dashes + 5)
        });
    Some(start..end)
}

/// `--password hunter2`.
fn flagged(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let begins = start == 0 || matches!(bytes[start - 1], b' ' | b'"' | b'\'' | b'[' | b',');
    if !begins || bytes.get(start + 1) != Some(&b'-') {
        return None;
    }
    let end = skip(bytes, start + 2, is_key);
    if !is_secret(&bytes[start + 2..end]) {
        return None;
    }
    // Also as an element of an argument list: `"--password", "hunter2"`.
    let between = |byte| matches!(byte, b' ' | b'"' | b'\'' | b',' | b'\\');
    let next = skip(bytes, end, between);
    if next == end || bytes.get(next) == Some(&b'-') {
        return None;
    }
    let found = match bytes[next - 1] {
        quote @ (b'"' | b'\'') => {
            let slashes = bytes[end..next - 1]
                .iter()
                .rev()
                .take_while(|byte| **byte == b'\\');
            next..quote_end(bytes, next, quote, slashes.count())
        }
        _ => next..word_end(bytes, next),
    };
    Some(found).filter(|found| !bytes[found.start..].starts_with(REDACTED.as_bytes()))
}

/// A password hash.
fn hashed(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let rest = &bytes[start..];
    HASHES
        .iter()
        .find(|hash| rest.starts_with(hash.as_bytes()))?;
    let end = skip(bytes, start, |byte| {
        is_token(byte) || matches!(byte, b'$' | b',')
    });
    let hash = &bytes[start..end];
    let parts = hash.iter().filter(|byte| **byte == b'$').count();
    (hash.len() >= 24 && parts >= 3).then_some(start..end)
}

fn begins_word(bytes: &[u8], at: usize) -> bool {
    at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'+' | b'=')
}

/// The first place from `at` on where `go_on` does not hold.
fn skip(bytes: &[u8], at: usize, go_on: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at.min(bytes.len()) + rest.iter().take_while(|byte| go_on(**byte)).count()
}

fn contains(text: &[u8], lower: &[u8]) -> bool {
    text.windows(lower.len())
        .any(|here| here.eq_ignore_ascii_case(lower))
}
