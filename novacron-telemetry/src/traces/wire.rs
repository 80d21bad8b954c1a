//! Protocol buffers, as far as OTLP needs them: a writer, and a reader that trusts nothing.

/// Writes fields one after the other. Zeros and empty texts are left out, as proto3 has it.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const DELIMITED: u32 = 2;
const FIXED32: u32 = 5;

impl Writer {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn uint(&mut self, field: u32, number: u64) {
        if number != 0 {
            self.key(field, VARINT);
            self.varint(number);
        }
    }

    pub(super) fn fixed64(&mut self, field: u32, number: u64) {
        if number != 0 {
            self.key(field, FIXED64);
            self.bytes.extend_from_slice(&number.to_le_bytes());
        }
    }

    pub(super) fn fixed32(&mut self, field: u32, number: u32) {
        if number != 0 {
            self.key(field, FIXED32);
            self.bytes.extend_from_slice(&number.to_le_bytes());
        }
    }

    pub(super) fn text(&mut self, field: u32, text: &str) {
        self.octets(field, text.as_bytes());
    }

    pub(super) fn octets(&mut self, field: u32, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.key(field, DELIMITED);
            self.varint(bytes.len() as u64);
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// One of a choice: it is written though it is zero, for that it is there says which one it is.
    pub(super) fn chosen(&mut self, field: u32, value: Chosen<'_>) {
        match value {
            Chosen::Text(text) => {
                self.key(field, DELIMITED);
                self.varint(text.len() as u64);
                self.bytes.extend_from_slice(text.as_bytes());
            }
            Chosen::Varint(number) => {
                self.key(field, VARINT);
                self.varint(number);
            }
            Chosen::Double(number) => {
                self.key(field, FIXED64);
                self.bytes.extend_from_slice(&number.to_le_bytes());
            }
        }
    }

    /// A message inside this one. Its length stands before it and is known after it: one byte is
    /// kept for it, and most lengths fit in there.
    pub(super) fn message(&mut self, field: u32, write: impl FnOnce(&mut Self)) {
        self.key(field, DELIMITED);
        let at = self.bytes.len();
        self.bytes.push(0);
        write(self);
        let length = self.bytes.len() - at - 1;
        let (head, used) = varint(length as u64);
        if used > 1 {
            let end = self.bytes.len();
            self.bytes.resize(end + used - 1, 0);
            self.bytes.copy_within(at + 1..end, at + used);
        }
        self.bytes[at..at + used].copy_from_slice(&head[..used]);
    }

    fn key(&mut self, field: u32, kind: u32) {
        self.varint(u64::from(field << 3 | kind));
    }

    fn varint(&mut self, number: u64) {
        let (bytes, used) = varint(number);
        self.bytes.extend_from_slice(&bytes[..used]);
    }
}

/// See [`Writer::chosen`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Chosen<'a> {
    Text(&'a str),
    Varint(u64),
    Double(f64),
}

fn varint(mut number: u64) -> ([u8; 10], usize) {
    let (mut bytes, mut used) = ([0; 10], 0);
    loop {
        bytes[used] = (number & 0x7f) as u8 | 0x80;
        number >>= 7;
        used += 1;
        if number == 0 {
            bytes[used - 1] &= 0x7f;
            return (bytes, used);
        }
    }
}

/// A field that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    Other,
}

/// Reads the fields of a message; ends at the first thing that is none.
pub(super) fn fields(mut bytes: &[u8]) -> impl Iterator<Item = (u32, Field<'_>)> {
    std::iter::from_fn(move || {
        let key = take_varint(&mut bytes)?;
        let value = match (key & 7) as u32 {
            VARINT => Field::Varint(take_varint(&mut bytes)?),
            DELIMITED => {
                let length = usize::try_from(take_varint(&mut bytes)?).ok()?;
                Field::Bytes(take(&mut bytes, length)?)
            }
            FIXED64 => take(&mut bytes, 8).map(|_| Field::Other)?,
            FIXED32 => take(&mut bytes, 4).map(|_| Field::Other)?,
            _ => return None,
        };
        Some((u32::try_from(key >> 3).ok()?, value))
    })
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_of_messages_take_the_room_they_need() {
        for length in [0, 1, 127, 128, 16_383, 16_384, 3_000_000] {
            let content = vec![7u8; length];
            let mut writer = Writer::default();
            writer.message(3, |inner| inner.bytes.extend_from_slice(&content));
            writer.uint(4, 9);
            let bytes = writer.into_bytes();
            let read: Vec<_> = fields(&bytes).collect();
            assert_eq!(read, [(3, Field::Bytes(&content)), (4, Field::Varint(9))]);
        }
    }

    proptest! {
        #[test]
        fn what_anybody_sends_is_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(fields(&bytes).count() <= bytes.len());
        }

        #[test]
        fn numbers_come_back(number in any::<u64>()) {
            let mut writer = Writer::default();
            writer.chosen(1, Chosen::Varint(number));
            let bytes = writer.into_bytes();
            prop_assert_eq!(fields(&bytes).next(), Some((1, Field::Varint(number))));
        }
    }
}
