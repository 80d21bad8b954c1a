//! XDR, the encoding of libvirt's messages: big-endian words, texts with a length before them.
//!
//! The bytes come from outside, so every length is checked against what is there before anything is
//! allocated or skipped, and texts are bytes until somebody needs them as text.

use std::borrow::Cow;
use std::fmt;

/// The longest text that libvirt's protocol allows, in bytes.
pub const MAX_TEXT: usize = 4 << 20;

/// Why bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum XdrError {
    /// They end before the value does.
    Truncated,
    /// A text or list claims to be longer than it may be, or than the bytes that are left.
    TooLong,
    /// A flag, an option or an enumeration has a value that it cannot have.
    Invalid,
    /// A typed parameter has a type that is not known, so what follows it cannot be found.
    UnknownType(u32),
    /// Something follows the value.
    Trailing,
}

impl fmt::Display for XdrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("the message ends too early"),
            Self::TooLong => f.write_str("a length in the message is out of bounds"),
            Self::Invalid => f.write_str("a value in the message cannot be"),
            Self::UnknownType(kind) => write!(f, "a parameter has the unknown type {kind}"),
            Self::Trailing => f.write_str("the message goes on after its end"),
        }
    }
}

impl std::error::Error for XdrError {}

/// Reads one value after the other from borrowed bytes.
///
/// ```
/// use novacron_collectors::libvirt::xdr::{Decoder, XdrError};
///
/// let mut decoder = Decoder::new(b"\0\0\0\x03vda\0\0\0\0\x2a");
/// assert_eq!(decoder.text()?, b"vda");
/// assert_eq!(decoder.u32()?, 42);
/// decoder.end()?;
///
/// let mut short = Decoder::new(b"\0\0\xff\xffvda");
/// assert_eq!(short.text(), Err(XdrError::TooLong));
/// # Ok::<(), XdrError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder<'a> {
    rest: &'a [u8],
}

impl<'a> Decoder<'a> {
    /// A decoder of these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes have not been read.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// An unsigned word.
    ///
    /// # Errors
    ///
    /// [`XdrError::Truncated`].
    pub fn u32(&mut self) -> Result<u32, XdrError> {
        self.array().map(u32::from_be_bytes)
    }

    /// A signed word.
    ///
    /// # Errors
    ///
    /// [`XdrError::Truncated`].
    pub fn i32(&mut self) -> Result<i32, XdrError> {
        self.array().map(i32::from_be_bytes)
    }

    /// An unsigned double word.
    ///
    /// # Errors
    ///
    /// [`XdrError::Truncated`].
    pub fn u64(&mut self) -> Result<u64, XdrError> {
        self.array().map(u64::from_be_bytes)
    }

    /// A signed double word.
    ///
    /// # Errors
    ///
    /// [`XdrError::Truncated`].
    pub fn i64(&mut self) -> Result<i64, XdrError> {
        self.array().map(i64::from_be_bytes)
    }

    /// A floating-point number.
    ///
    /// # Errors
    ///
    /// [`XdrError::Truncated`].
    pub fn f64(&mut self) -> Result<f64, XdrError> {
        self.array().map(f64::from_be_bytes)
    }

    /// So many bytes as they are.
    ///
    /// # Errors
    ///
    /// [`XdrError::Truncated`].
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], XdrError> {
        let (head, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(XdrError::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    /// A text, which need not be UTF-8.
    ///
    /// # Errors
    ///
    /// [`XdrError::TooLong`] if it is longer than [`MAX_TEXT`] or than what is left.
    pub fn text(&mut self) -> Result<&'a [u8], XdrError> {
        let length = self.u32()? as usize;
        if length > MAX_TEXT {
            return Err(XdrError::TooLong);
        }
        let padded = length.next_multiple_of(4);
        if padded > self.rest.len() {
            return Err(XdrError::TooLong);
        }
        let (text, rest) = self.rest.split_at(padded);
        self.rest = rest;
        Ok(&text[..length])
    }

    /// A text or its absence.
    ///
    /// # Errors
    ///
    /// As [`text`](Self::text), and [`XdrError::Invalid`] if it says neither.
    pub fn optional_text(&mut self) -> Result<Option<&'a [u8]>, XdrError> {
        match self.u32()? {
            0 => Ok(None),
            1 => self.text().map(Some),
            _ => Err(XdrError::Invalid),
        }
    }

    /// The length of a list whose entries take at least `least` bytes each.
    ///
    /// # Errors
    ///
    /// [`XdrError::TooLong`] if it is above `most`, or if so many entries cannot be in what is left.
    pub fn count(&mut self, most: usize, least: usize) -> Result<usize, XdrError> {
        let count = self.u32()? as usize;
        if count > most || count > self.rest.len() / least {
            return Err(XdrError::TooLong);
        }
        Ok(count)
    }

    /// Says that the value is complete.
    ///
    /// # Errors
    ///
    /// [`XdrError::Trailing`] if something is left.
    pub const fn end(&self) -> Result<(), XdrError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(XdrError::Trailing)
        }
    }
}

/// Writes values one after the other.
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    /// With nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An unsigned word.
    #[must_use]
    pub fn u32(self, value: u32) -> Self {
        self.raw(&value.to_be_bytes())
    }

    /// A signed word.
    #[must_use]
    pub fn i32(self, value: i32) -> Self {
        self.raw(&value.to_be_bytes())
    }

    /// A text. What is longer than [`MAX_TEXT`] is cut: nobody would accept it.
    #[must_use]
    pub fn text(self, text: &[u8]) -> Self {
        let text = &text[..text.len().min(MAX_TEXT)];
        let mut encoder = self.u32(text.len() as u32).raw(text);
        let padded = encoder.bytes.len().next_multiple_of(4);
        encoder.bytes.resize(padded, 0);
        encoder
    }

    /// Bytes as they are.
    #[must_use]
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// What was written.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// The text for people and labels; bytes that are not UTF-8 are replaced.
pub(crate) fn display(text: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(text)
}
