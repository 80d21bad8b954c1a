//! From a page to what is sent of it, and back.

use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use novacron_telemetry::catalog::dwcp::{Algorithm, DwcpMode};
use zstd::bulk::{Compressor, Decompressor};

use crate::{
    memory::{Memory, PAGE, Page},
    wire::{self, Encoding},
};

/// What was sent last of each page: what a delta is made against. The destination has the same,
/// because a page is sent again only after its last sending was acknowledged.
#[derive(Debug)]
pub(crate) struct Sent(Box<[Mutex<Option<Box<Page>>>]>);

impl Sent {
    /// Nothing was sent of so many pages.
    pub(crate) fn nothing(pages: usize) -> Self {
        Self((0..pages).map(|_| Mutex::new(None)).collect())
    }
}

/// Turns pages into what is sent of them.
pub(crate) struct Encoder {
    compressor: Compressor<'static>,
    deltas: bool,
    sent: Arc<Sent>,
    difference: Box<Page>,
}

/// How much went into an algorithm and came out of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) pages: u64,
    pub(crate) original: u64,
    pub(crate) encoded: u64,
}

/// [`Work`], by algorithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Works([Work; 3]);

impl Encoder {
    /// An encoder as hard-working as the network mode deserves: a fast network is not made to wait
    /// for a slow encoder, a slow network is worth every cycle.
    pub(crate) fn new(mode: DwcpMode, sent: Arc<Sent>) -> io::Result<Self> {
        let (level, deltas) = match mode {
            DwcpMode::Datacenter => (1, false),
            DwcpMode::Hybrid => (1, true),
            DwcpMode::Internet => (9, true),
        };
        Ok(Self {
            compressor: Compressor::new(level)?,
            deltas,
            sent,
            difference: Box::new([0; PAGE]),
        })
    }

    /// Encodes these pages as they are now.
    pub(crate) fn encode(
        &mut self,
        memory: &Memory,
        pages: &[usize],
    ) -> io::Result<(Vec<wire::Page>, Works)> {
        let mut encoded = Vec::with_capacity(pages.len());
        let mut works = Works::default();
        let mut content = Box::new([0; PAGE]);
        for &index in pages {
            memory.read(index, |page| *content = *page);
            let (encoding, data) = self.page(index, &content)?;
            works.add(encoding, data.len());
            encoded.push(wire::Page {
                index: index as u64,
                encoding: encoding.into(),
                data,
            });
        }
        Ok((encoded, works))
    }

    fn page(&mut self, index: usize, content: &Page) -> io::Result<(Encoding, Bytes)> {
        let mut sent = self.sent.0[index]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if self.deltas
            && let Some(before) = sent.as_deref_mut()
        {
            let pairs = content.iter().zip(before.iter());
            for (difference, (now, before)) in self.difference.iter_mut().zip(pairs) {
                *difference = now ^ before;
            }
            *before = *content;
            let delta = self.compressor.compress(&self.difference[..])?;
            if delta.len() < WORTHWHILE {
                return Ok((Encoding::Delta, delta.into()));
            }
        } else if self.deltas {
            *sent = Some(Box::new(*content));
        } else {
            // Whoever makes deltas later must not make them against this page's past.
            *sent = None;
        }
        let packed = self.compressor.compress(content)?;
        Ok(if packed.len() < WORTHWHILE {
            (Encoding::Zstd, packed.into())
        } else {
            (Encoding::Plain, Bytes::copy_from_slice(content))
        })
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("deltas", &self.deltas)
            .finish_non_exhaustive()
    }
}

impl Works {
    /// By algorithm, those that did nothing left out.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Algorithm, Work)> {
        let algorithms = [Algorithm::None, Algorithm::Zstd, Algorithm::Delta];
        algorithms
            .into_iter()
            .zip(self.0)
            .filter(|(_, work)| work.pages > 0)
    }

    /// All algorithms together.
    pub(crate) fn total(&self) -> Work {
        let mut total = Work::default();
        self.0.iter().for_each(|work| total.merge(work));
        total
    }

    /// How many pages were sent as deltas.
    pub(crate) fn deltas(&self) -> u64 {
        self.0[2].pages
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        let pairs = self.0.iter_mut().zip(&other.0);
        pairs.for_each(|(work, other)| work.merge(other));
    }

    fn add(&mut self, encoding: Encoding, encoded: usize) {
        let at = match encoding {
            Encoding::Plain => 0,
            Encoding::Zstd => 1,
            Encoding::Delta => 2,
        };
        self.0[at].merge(&Work {
            pages: 1,
            original: PAGE as u64,
            encoded: encoded as u64,
        });
    }
}

impl Work {
    fn merge(&mut self, other: &Self) {
        self.pages += other.pages;
        self.original += other.original;
        self.encoded += other.encoded;
    }
}

/// Turns what was sent of pages into pages.
pub(crate) struct Decoder {
    decompressor: Decompressor<'static>,
    buffer: Box<Page>,
}

impl Decoder {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            decompressor: Decompressor::new()?,
            buffer: Box::new([0; PAGE]),
        })
    }

    /// Puts a page where it belongs.
    ///
    /// # Errors
    /// When this is no page, or one that the memory does not have.
    pub(crate) fn apply(&mut self, memory: &Memory, page: &wire::Page) -> io::Result<()> {
        let encoding = Encoding::try_from(page.encoding).map_err(io::Error::other)?;
        let length = match encoding {
            Encoding::Plain => {
                let length = page.data.len().min(PAGE);
                self.buffer[..length].copy_from_slice(&page.data[..length]);
                page.data.len()
            }
            Encoding::Zstd | Encoding::Delta => self
                .decompressor
                .decompress_to_buffer(&page.data, &mut self.buffer[..])?,
        };
        if length != PAGE {
            let message = format!("page {} has {length} bytes", page.index);
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let buffer = &self.buffer;
        let applied = usize::try_from(page.index).ok().and_then(|index| {
            memory.write(index, |content| {
                if encoding == Encoding::Delta {
                    let pairs = content.iter_mut().zip(buffer.iter());
                    pairs.for_each(|(content, difference)| *content ^= difference);
                } else {
                    *content = **buffer;
                }
            })
        });
        applied.ok_or_else(|| {
            let message = format!("there is no page {}", page.index);
            io::Error::new(io::ErrorKind::InvalidData, message)
        })
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

/// What does not get shorter than this is sent as it is.
const WORTHWHILE: usize = PAGE * 7 / 8;

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [DwcpMode; 3] = [DwcpMode::Datacenter, DwcpMode::Hybrid, DwcpMode::Internet];

    fn same(one: &Memory, other: &Memory) -> bool {
        (0..one.len()).all(|page| one.kept_sum(page) == other.kept_sum(page))
    }

    #[test]
    fn what_is_decoded_is_what_was_encoded_in_every_mode_and_across_switches() {
        let source = Memory::used(200, 5);
        let destination = Memory::empty(200);
        let sent = Arc::new(Sent::nothing(200));
        let mut decoder = Decoder::new().unwrap();
        let mut random = fastrand::Rng::with_seed(9);
        let mut works = Works::default();
        let all: Vec<usize> = (0..200).collect();
        for round in 0..12 {
            let mode = ALL[random.usize(..3)];
            let mut encoder = Encoder::new(mode, Arc::clone(&sent)).unwrap();
            let pages = if round == 0 {
                all.clone()
            } else {
                source.take_dirty()
            };
            let (pages, work) = encoder.encode(&source, &pages).unwrap();
            works.merge(&work);
            for page in &pages {
                decoder.apply(&destination, page).unwrap();
            }
            assert!(
                same(&source, &destination),
                "after round {round} in {mode:?}"
            );
            for _ in 0..60 {
                let at = random.usize(..PAGE - 64);
                source.write(random.usize(..200), |page| {
                    random.fill(&mut page[at..at + 64]);
                });
            }
        }
        let used: Vec<_> = works.iter().map(|(algorithm, _)| algorithm).collect();
        assert_eq!(used, [Algorithm::None, Algorithm::Zstd, Algorithm::Delta]);
        let total = works.total();
        assert_eq!(total.original, total.pages * PAGE as u64);
        assert!(total.encoded < total.original, "{total:?}");
    }

    #[test]
    fn what_is_no_page_is_refused() {
        let memory = Memory::empty(2);
        let mut decoder = Decoder::new().unwrap();
        let mut refused = |index, encoding: i32, data: &[u8]| {
            let data = Bytes::copy_from_slice(data);
            decoder
                .apply(
                    &memory,
                    &wire::Page {
                        index,
                        encoding,
                        data,
                    },
                )
                .is_err()
        };
        let short = zstd::bulk::compress(&[1; 100], 1).unwrap();
        let long = zstd::bulk::compress(&[1; 5000], 1).unwrap();
        let right = zstd::bulk::compress(&[1; PAGE], 1).unwrap();
        assert!(refused(0, 0, &[0; 100]));
        assert!(refused(0, 0, &[0; 5000]));
        assert!(refused(0, 1, b"nonsense"));
        assert!(refused(0, 1, &short));
        assert!(refused(0, 1, &long));
        assert!(refused(0, 7, &right));
        assert!(refused(2, 1, &right));
        assert!(!refused(1, 1, &right));
    }
}
