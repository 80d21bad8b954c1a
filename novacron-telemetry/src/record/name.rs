//! A label's text, kept while work goes on.

use std::str;

/// A text that outlives what it was read from: the body of a marked function may take its argument.
/// One of up to 62 bytes allocates nothing.
#[derive(Clone, Debug)]
pub struct Name(Kept);

#[derive(Clone, Debug)]
enum Kept {
    Short { len: u8, bytes: [u8; SHORT] },
    Long(Box<str>),
}

const SHORT: usize = 62;

impl Name {
    pub(super) fn new(text: &str) -> Self {
        let mut bytes = [0; SHORT];
        Self(
            match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
                (Some(place), Ok(len)) => {
                    place.copy_from_slice(text.as_bytes());
                    Kept::Short { len, bytes }
                }
                _ => Kept::Long(text.into()),
            },
        )
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        match &self.0 {
            // They were copied from a whole text.
            Kept::Short { len, bytes } => {
                str::from_utf8(&bytes[..usize::from(*len)]).unwrap_or_default()
            }
            Kept::Long(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_what_it_was_whatever_its_length() {
        for len in [0, 1, 61, 62, 63, 64, 255, 256, 300] {
            for letter in ["a", "ä", "€"] {
                let text = letter.repeat(len);
                assert_eq!(Name::new(&text).as_ref(), text);
            }
        }
    }
}
