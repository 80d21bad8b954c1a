//! Compression, chunk by chunk.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// A compressed answer under way.
#[derive(Debug)]
pub(super) struct Gzip(GzEncoder<Vec<u8>>);

impl Gzip {
    pub(super) fn new() -> Self {
        // The fastest level: metric lines are so alike that the best one saves little more.
        Self(GzEncoder::new(Vec::new(), Compression::fast()))
    }

    /// Takes a chunk in; gives what came out, which may be nothing yet.
    pub(super) fn write(&mut self, chunk: &[u8]) -> Vec<u8> {
        // Writing to a `Vec` cannot fail.
        let _ = self.0.write_all(chunk);
        std::mem::take(self.0.get_mut())
    }

    /// The last bytes.
    pub(super) fn finish(self) -> Vec<u8> {
        self.0.finish().unwrap_or_default()
    }
}
