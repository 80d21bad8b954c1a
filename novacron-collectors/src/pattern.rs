//! Patterns for names: `*` stands for any text, `?` for one character.
//!
//! What is read by default, and what is not, is a list of these in each collector's settings. They
//! are no regular expressions: nobody has to escape the point in `eth0.100`, and matching takes no
//! longer than the two texts are long, times each other.
//!
//! ```
//! use novacron_collectors::pattern::Patterns;
//!
//! let virtual_disks = Patterns::from(["loop*", "ram?"]);
//! assert!(virtual_disks.matches("loop12") && virtual_disks.matches("ram0"));
//! assert!(!virtual_disks.matches("sda") && !virtual_disks.matches("ram10"));
//! ```

/// A list of patterns, of which one has to match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "exporter", derive(serde::Deserialize), serde(transparent))]
pub struct Patterns(Vec<String>);

impl Patterns {
    /// No pattern: nothing matches.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Whether one of them matches the whole of `name`.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| matches(pattern, name))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<const N: usize> From<[&str; N]> for Patterns {
    fn from(patterns: [&str; N]) -> Self {
        Self(patterns.map(str::to_owned).into())
    }
}

impl From<Vec<String>> for Patterns {
    fn from(patterns: Vec<String>) -> Self {
        Self(patterns)
    }
}

/// Walks both texts once and goes back to the last `*` only, so that no pattern takes exponential
/// time.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where the last `*` stands, and how far the name was when it was met.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&c) if c == '?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    n = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_text() {
        for (pattern, name, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "anything", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b-d", false),
            ("?", "", false),
            ("?", "ö", true),
            ("eth0.?", "eth0.1", true),
            ("eth0.?", "eth01", false),
            ("/run/user/*", "/run/user/1000", true),
            ("/run/user/*", "/run/users", false),
            ("nvme*c*n*", "nvme0c0n1", true),
            ("nvme*c*n*", "nvme0n1", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn no_pattern_takes_exponential_time() {
        let pattern = "a*".repeat(64) + "b";
        assert!(!matches(&pattern, &"a".repeat(4096)));
    }
}
