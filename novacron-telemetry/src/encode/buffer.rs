//! The bytes of a chunk.
//!
//! A line is half a dozen short pieces of text. Copying them one by one with the general routine
//! costs more than anything else in a scrape, so pieces up to 64 bytes are copied as two blocks of a
//! fixed size that overlap in the middle: a few moves, no call.

/// Bytes that grow at the end.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    /// Written up to `len`; zeros behind it, so that writing is copying into a slice.
    bytes: Vec<u8>,
    len: usize,
}

impl Buffer {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Appends a text.
    pub(super) fn put(&mut self, text: &[u8]) {
        self.write(text.len(), |pen| pen.put(text));
    }

    /// Appends what `write` writes, which is at most `most` bytes.
    #[inline]
    pub(super) fn write(&mut self, most: usize, write: impl FnOnce(&mut Pen<'_>)) {
        let start = self.len;
        let end = start + most;
        if end > self.bytes.len() {
            self.grow(end);
        }
        let mut pen = Pen {
            to: &mut self.bytes[start..end],
            at: 0,
        };
        write(&mut pen);
        self.len += pen.at;
    }

    /// Appends what stands from `start` to `end`.
    pub(super) fn repeat(&mut self, start: usize, end: usize) {
        let to = self.len;
        let after = to + (end - start);
        if after > self.bytes.len() {
            self.grow(after);
        }
        self.bytes.copy_within(start..end, to);
        self.len = after;
    }

    /// Takes everything up to `at`; what is behind it stays.
    pub(super) fn take_to(&mut self, at: usize) -> Vec<u8> {
        let mut rest = Self::default();
        if at < self.len {
            rest.put(&self.bytes[at..self.len]);
        }
        let mut taken = std::mem::replace(self, rest).bytes;
        taken.truncate(at);
        taken
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, end: usize) {
        let size = if end <= SMALL {
            SMALL
        } else {
            end.next_multiple_of(LARGE)
        };
        self.bytes.resize(size, 0);
    }
}

/// A small registry fits in this.
const SMALL: usize = 4 * 1024;

/// A full chunk, and the series that makes it full.
const LARGE: usize = super::lines::CHUNK + 4 * 1024;

/// Writes one piece after another. How far it came is a local number, not a field in memory: each
/// piece begins where the last one ended, and that chain is what a line takes.
pub(super) struct Pen<'a> {
    to: &'a mut [u8],
    at: usize,
}

impl Pen<'_> {
    #[inline]
    pub(super) fn put(&mut self, text: &[u8]) {
        let end = self.at + text.len();
        copy(&mut self.to[self.at..end], text);
        self.at = end;
    }

    #[inline]
    pub(super) fn put_byte(&mut self, byte: u8) {
        self.to[self.at] = byte;
        self.at += 1;
    }

    /// Writes all of `text`, of which only the first `len` bytes count.
    #[inline]
    pub(super) fn put_start<const N: usize>(&mut self, text: &[u8; N], len: usize) {
        self.to[self.at..self.at + N].copy_from_slice(text);
        self.at += len;
    }

    /// Goes back by one byte.
    #[inline]
    pub(super) fn back(&mut self) {
        self.at -= 1;
    }
}

/// Copies `from` to `to`, which are equally long.
#[inline]
fn copy(to: &mut [u8], from: &[u8]) {
    let done = match from.len() {
        1..=2 => blocks::<1>(to, from),
        3..=4 => blocks::<2>(to, from),
        5..=8 => blocks::<4>(to, from),
        9..=16 => blocks::<8>(to, from),
        17..=32 => blocks::<16>(to, from),
        33..=64 => blocks::<32>(to, from),
        _ => None,
    };
    if done.is_none() {
        to.copy_from_slice(from);
    }
}

/// Copies the first and the last `N` bytes, which is all of it if there are at most `2 * N`.
#[inline]
fn blocks<const N: usize>(to: &mut [u8], from: &[u8]) -> Option<()> {
    *to.first_chunk_mut::<N>()? = *from.first_chunk::<N>()?;
    *to.last_chunk_mut::<N>()? = *from.last_chunk::<N>()?;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_length_are_copied_whole() {
        let text: Vec<u8> = (0..200u8).collect();
        let mut buffer = Buffer::default();
        let mut expected = Vec::new();
        for length in 0..text.len() {
            buffer.put(&text[length..]);
            buffer.put(&text[..length]);
            expected.extend_from_slice(&text[length..]);
            expected.extend_from_slice(&text[..length]);
        }
        buffer.write(100, |pen| {
            pen.put_byte(b'a');
            pen.put(b"bcd");
            pen.back();
            pen.put_start(b"123456", 3);
        });
        expected.extend_from_slice(b"abc123");
        buffer.repeat(3, 4003);
        expected.extend_from_within(3..4003);
        let rest = expected.split_off(100);
        assert_eq!(buffer.take_to(100), expected);
        assert_eq!(buffer.take_to(buffer.len()), rest);
        assert_eq!(buffer.len(), 0);
    }
}
