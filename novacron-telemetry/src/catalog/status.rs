//! Response codes: closed, so nobody can flood them, but too many to start at zero.

use std::fmt;

use crate::label::{Domain, LabelValue, Part};

/// A response code of HTTP, 100 to 599.
///
/// Two codes say what no response could: 499 is a client that left, 500 a handler that panicked.
/// All 500 values are known, so a stranger's code makes no series of its own; five hundred series
/// per route would be a flood, though, so families with this label do not start at zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Status(u16);

impl Status {
    /// The request was answered as asked.
    pub const OK: Status = Status(200);
    /// The client left before it had the whole response.
    pub const CLIENT_CLOSED: Status = Status(499);
    /// The handler panicked, or broke without a response.
    pub const INTERNAL: Status = Status(500);
    /// The server gave up waiting for its handler.
    pub const TIMED_OUT: Status = Status(504);

    /// The status of this code. A code outside 100 to 599 becomes 500, since HTTP asks its readers
    /// to treat an invalid code as an error of the server.
    #[must_use]
    pub const fn new(code: u16) -> Self {
        match code {
            FIRST..=LAST => Self(code),
            _ => Self::INTERNAL,
        }
    }

    /// The code.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0
    }

    /// The code's three digits.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        TEXTS[self.place()]
    }

    /// Whether the server is to blame.
    #[must_use]
    pub const fn is_server_error(self) -> bool {
        self.0 >= 500
    }

    const fn place(self) -> usize {
        (self.0 - FIRST) as usize
    }
}

impl From<u16> for Status {
    fn from(code: u16) -> Self {
        Self::new(code)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Status({})", self.0)
    }
}

impl LabelValue for Status {
    const DOMAIN: Domain = Domain::Closed(&TEXTS);

    type Ref<'a> = Status;

    #[inline]
    fn to_ref(&self) -> Status {
        *self
    }

    #[inline]
    fn part(value: Self::Ref<'_>) -> Part<'_> {
        Part::Index(u32::from(value.0 - FIRST))
    }
}

const FIRST: u16 = 100;
const LAST: u16 = 599;
const CODES: usize = (LAST - FIRST + 1) as usize;

const DIGITS: &[[u8; 3]; CODES] = &digits();
const TEXTS: [&str; CODES] = texts();

const fn digits() -> [[u8; 3]; CODES] {
    let mut all = [[0; 3]; CODES];
    let mut at = 0;
    while at < CODES {
        let code = FIRST as usize + at;
        let [hundreds, tens, ones] = &mut all[at];
        *hundreds = b'0' + (code / 100) as u8;
        *tens = b'0' + (code / 10 % 10) as u8;
        *ones = b'0' + (code % 10) as u8;
        at += 1;
    }
    all
}

const fn texts() -> [&'static str; CODES] {
    let mut all = [""; CODES];
    let mut at = 0;
    while at < CODES {
        all[at] = match std::str::from_utf8(&DIGITS[at]) {
            Ok(text) => text,
            Err(_) => panic!("digits are text"),
        };
        at += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_prints_as_its_three_digits() {
        for code in FIRST..=LAST {
            assert_eq!(Status::new(code).as_str(), code.to_string());
        }
    }

    #[test]
    fn what_is_no_code_is_an_error_of_the_server() {
        for code in [0, 99, 600, 999, u16::MAX] {
            assert_eq!(Status::new(code), Status::INTERNAL, "{code}");
        }
    }
}
