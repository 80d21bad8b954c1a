//! Reading numbers strictly: one that was cut short, or has anything beside it, is no number.
//!
//! ```
//! use novacron_collectors::text;
//!
//! assert_eq!(text::number("42"), Some(42_u64));
//! assert_eq!(text::number::<u64>("42kB"), None);
//! assert_eq!(text::hex("1f"), Some(31));
//! let mut meminfo = text::pairs("MemTotal: 16 kB\nMemFree:\nbroken\n", ':');
//! assert_eq!(meminfo.next(), Some(("MemTotal", "16 kB")));
//! assert_eq!(meminfo.next(), Some(("MemFree", "")));
//! assert_eq!(meminfo.next(), None);
//! ```

use std::str::FromStr;

/// The longest number that is one; 20 digits are the most that 64 bits need.
const LONGEST: usize = 40;

/// The number that a token is, as a whole. Only digits, a sign and a point are taken, at most
/// 40 of them: what Rust would parse besides, `inf` and `1e3`, no kernel writes, and a
/// thousand digits are infinite to it.
#[must_use]
pub fn number<T: FromStr>(token: &str) -> Option<T> {
    let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    match token.len() <= LONGEST && token.bytes().all(plain) {
        true => token.parse().ok(),
        false => None,
    }
}

/// The number that a token of hexadecimal digits is.
#[must_use]
pub fn hex(token: &str) -> Option<u64> {
    match token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => u64::from_str_radix(token, 16).ok(),
        false => None,
    }
}

/// The lines of a text that were written to their end. A kernel ends every line; what stands after
/// the last end was cut, and a number there could be the beginning of another one.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines()
}

/// Lines of the form `key: value`, with any separator; others are left out.
pub fn pairs(text: &str, separator: char) -> impl Iterator<Item = (&str, &str)> {
    lines(text).filter_map(move |line| {
        let (key, value) = line.split_once(separator)?;
        Some((key.trim(), value.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_tokens_are_numbers() {
        assert_eq!(number("-1"), Some(-1_i64));
        assert_eq!(number("0.25"), Some(0.25_f64));
        for bad in ["", "-", "1 ", " 1", "+1", "1e3", "inf", "NaN", "0x1", "١"] {
            assert_eq!(number::<f64>(bad), None, "{bad:?}");
        }
        assert_eq!(number::<u8>("256"), None);
        assert_eq!(number::<f64>(&"9".repeat(400)), None, "infinite");
        assert_eq!(hex("+1"), None);
    }

    #[test]
    fn a_line_without_its_end_is_no_line() {
        assert_eq!(lines("a 1\nb 2").collect::<Vec<_>>(), ["a 1"]);
        assert_eq!(lines("a 1\nb 2\n").collect::<Vec<_>>(), ["a 1", "b 2"]);
        assert_eq!(lines("12").count(), 0);
    }
}
