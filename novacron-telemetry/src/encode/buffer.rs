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
    #[inline]
    pub(super) fn put(&mut self, text: &[u8]) {
        copy(self.room(text.len()), text);
    }

    #[inline]
    pub(super) fn put_byte(&mut self, byte: u8) {
        self.room(1)[0] = byte;
    }

    /// Appends `open` and the texts that are not empty, each with a comma behind it.
    #[inline]
    pub(super) fn put_list(&mut self, open: &[u8], texts: &[&str]) {
        let commas = texts.len();
        let most = texts
            .iter()
            .fold(open.len() + commas, |sum, text| sum + text.len());
        let mut rest = self.room(most);
        let mut unused = most;
        let mut put = |text: &[u8], comma: usize| {
            let (to, after) = std::mem::take(&mut rest).split_at_mut(text.len() + comma);
            copy(&mut to[..text.len()], text);
            to[text.len()..].fill(b',');
            rest = after;
            unused -= text.len() + comma;
        };
        put(open, 0);
        for text in texts.iter().filter(|text| !text.is_empty()) {
            put(text.as_bytes(), 1);
        }
        self.len -= unused;
    }

    /// Puts `byte` in the place of the last one.
    #[inline]
    pub(super) fn replace_last(&mut self, byte: u8) {
        if let Some(last) = self.bytes[..self.len].last_mut() {
            *last = byte;
        }
    }

    /// The next `count` bytes, to be written.
    #[inline]
    fn room(&mut self, count: usize) -> &mut [u8] {
        let start = self.len;
        let end = start + count;
        if end > self.bytes.len() {
            self.grow(end);
        }
        self.len = end;
        &mut self.bytes[start..end]
    }

    /// Appends what stands from `start` to `end`.
    pub(super) fn repeat(&mut self, start: usize, end: usize) {
        let to = self.len;
        self.room(end - start);
        self.bytes.copy_within(start..end, to);
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
        buffer.put_list(b"a{", &["b", "", "c"]);
        buffer.replace_last(b'}');
        expected.extend_from_slice(b"a{b,c}");
        buffer.repeat(3, 4003);
        expected.extend_from_within(3..4003);
        let rest = expected.split_off(100);
        assert_eq!(buffer.take_to(100), expected);
        assert_eq!(buffer.take_to(buffer.len()), rest);
        assert_eq!(buffer.len(), 0);
    }
}
