//! A value that does not print.

use std::fmt;

use super::REDACTED;

/// A value that prints as `[redacted]`, whatever it is in: a log field, an error, a `{:?}` of the
/// struct around it.
///
/// It guards against printing, not against reading memory: nothing is wiped when it is dropped.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Marks a value as secret.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value. The name is long so that a reader sees where it comes out.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value, for whoever owns it.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}
