//! `/proc/pressure`: how long tasks waited for something that others had.

use crate::text;

/// What one file says: microseconds since the boot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stalls {
    /// In which some task waited.
    pub some: Option<u64>,
    /// In which all tasks that could have run waited.
    pub full: Option<u64>,
}

impl Stalls {
    /// Reads the totals. The averages are left out: a query makes its own.
    pub fn parse(text: &str) -> Self {
        let mut stalls = Self::default();
        for line in text::lines(text) {
            let mut tokens = line.split_ascii_whitespace();
            let total = match tokens.next() {
                Some("some") => &mut stalls.some,
                Some("full") => &mut stalls.full,
                _ => continue,
            };
            let read = tokens.find_map(|token| token.strip_prefix("total="));
            *total = total.or_else(|| text::number(read?));
        }
        stalls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_taken_and_averages_are_not() {
        let text = "some avg10=7.08 avg60=3.69 avg300=1.04 total=3801972\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=12\n";
        assert_eq!(
            Stalls::parse(text),
            Stalls {
                some: Some(3_801_972),
                full: Some(12)
            }
        );
        for cut in 0..text.len() {
            let stalls = Stalls::parse(&text[..cut]);
            assert!(matches!(stalls.some, None | Some(3_801_972)), "{cut}");
            assert_eq!(stalls.full, None, "{cut}");
        }
    }
}
