//! Messages in a body: five bytes in front of each say how long it is.
//!
//! Data passes by; nothing is kept of it but a position. A length is only believed once so many
//! bytes went by, so a hostile one counts for nothing.

use std::io::IoSlice;

use bytes::Buf;

/// One compression flag, four bytes of length.
const PREFIX: u8 = 5;

/// How many pieces of one buffer are looked at.
const PIECES: usize = 16;

/// Where a body is between its messages.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Frames {
    /// How much of the prefix went by.
    prefix: u8,
    /// How long the message is, as far as the prefix said.
    length: u32,
    /// How much of the message is still to come.
    left: u32,
    /// A buffer hid some of its bytes, so nobody knows where the next message begins.
    lost: bool,
}

/// Messages that went by completely.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Passed {
    pub(super) messages: u64,
    /// Their bytes, without prefixes.
    pub(super) bytes: u64,
}

impl Frames {
    /// Data goes by. Says which messages ended in it.
    #[inline]
    pub(super) fn pass(&mut self, data: &impl Buf) -> Passed {
        let mut passed = Passed::default();
        let whole = data.chunk();
        if whole.len() == data.remaining() {
            self.walk(whole, &mut passed);
        } else {
            self.walk_pieces(data, &mut passed);
        }
        passed
    }

    /// A buffer of several pieces.
    #[cold]
    fn walk_pieces(&mut self, data: &impl Buf, passed: &mut Passed) {
        let mut pieces = [IoSlice::new(&[]); PIECES];
        let count = data.chunks_vectored(&mut pieces);
        let seen: usize = pieces[..count].iter().map(|piece| piece.len()).sum();
        self.lost |= seen != data.remaining();
        for piece in &pieces[..count] {
            self.walk(piece, passed);
        }
    }

    fn walk(&mut self, mut data: &[u8], passed: &mut Passed) {
        if self.lost {
            return;
        }
        loop {
            if self.prefix < PREFIX {
                let Some((byte, rest)) = data.split_first() else {
                    return;
                };
                data = rest;
                // The first one is the flag, and falls out at the top.
                self.length = self.length << 8 | u32::from(*byte);
                self.prefix += 1;
                if self.prefix == 1 {
                    self.length = 0;
                }
                self.left = self.length;
            } else {
                let step = data.len().min(self.left as usize);
                data = &data[step..];
                self.left -= step as u32;
                if self.left > 0 {
                    return;
                }
                passed.messages += 1;
                passed.bytes += u64::from(self.length);
                self.prefix = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn message(length: u32) -> Vec<u8> {
        let mut bytes = vec![1];
        bytes.extend(length.to_be_bytes());
        bytes.resize(bytes.len() + length as usize, 0xff);
        bytes
    }

    fn stream() -> (Vec<u8>, Passed) {
        let lengths = [0, 1, 0, 300, 70_000, 5, 0];
        let bytes = lengths.iter().flat_map(|length| message(*length)).collect();
        let passed = Passed {
            messages: lengths.len() as u64,
            bytes: lengths.iter().copied().map(u64::from).sum(),
        };
        (bytes, passed)
    }

    fn fed(pieces: impl IntoIterator<Item = Bytes>) -> Passed {
        let mut frames = Frames::default();
        let mut sum = Passed::default();
        for piece in pieces {
            let passed = frames.pass(&piece);
            sum.messages += passed.messages;
            sum.bytes += passed.bytes;
        }
        sum
    }

    #[test]
    fn messages_are_found_wherever_chunks_are_cut() {
        let (bytes, expected) = stream();
        let bytes = Bytes::from(bytes);
        for size in [1, 2, 3, 4, 5, 6, 7, 64, 4_096, bytes.len()] {
            let pieces = (0..bytes.len())
                .step_by(size)
                .map(|at| bytes.slice(at..bytes.len().min(at + size)));
            assert_eq!(fed(pieces), expected, "in pieces of {size}");
        }
    }

    #[test]
    fn a_message_that_never_ends_is_not_counted() {
        for length in [1_u32, 1 << 20, u32::MAX] {
            let mut bytes = message(3);
            bytes.push(0);
            bytes.extend(length.to_be_bytes());
            let one = Passed {
                messages: 1,
                bytes: 3,
            };
            assert_eq!(fed([Bytes::from(bytes)]), one, "{length}");
        }
    }

    #[test]
    fn the_pieces_of_a_buffer_are_all_seen() {
        let (bytes, expected) = stream();
        let bytes = Bytes::from(bytes);
        let mut frames = Frames::default();
        let split = bytes.slice(..307).chain(bytes.slice(307..));
        assert_eq!(frames.pass(&split), expected);
    }

    #[test]
    fn who_lost_the_way_counts_no_more() {
        /// Two pieces, of which it shows one.
        struct Hiding;
        impl Buf for Hiding {
            fn remaining(&self) -> usize {
                12
            }
            fn chunk(&self) -> &[u8] {
                &[0; 7]
            }
            fn advance(&mut self, _: usize) {}
        }
        let mut frames = Frames::default();
        assert_eq!(frames.pass(&Hiding), Passed::default());
        assert_eq!(frames.pass(&Bytes::from(message(3))), Passed::default());
    }
}
