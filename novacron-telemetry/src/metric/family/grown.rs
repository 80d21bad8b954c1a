//! A list that only grows, read without a lock: chunks that double in size, each made once.

use crate::sync::OnceLock;

const FIRST: usize = if cfg!(novacron_loom) { 2 } else { 64 };
const CHUNKS: usize = if cfg!(novacron_loom) { 3 } else { 19 };

/// Places in a list: enough for every series a registry may hold.
pub(crate) const CAPACITY: u32 = (FIRST * ((1 << CHUNKS) - 1)) as u32;

/// `CAPACITY` places, each `stride` items wide, made on first use.
#[derive(Debug)]
pub(crate) struct Grown<T: 'static> {
    stride: usize,
    chunks: [OnceLock<Box<[T]>>; CHUNKS],
}

impl<T> Grown<T> {
    pub(crate) fn new() -> Self {
        Self::with_stride(1)
    }

    pub(crate) fn with_stride(stride: usize) -> Self {
        Self {
            stride,
            chunks: std::array::from_fn(|_| OnceLock::new()),
        }
    }

    /// The item at `place`, if its chunk is made.
    #[inline]
    pub(crate) fn get(&self, place: u32) -> Option<&T> {
        let (chunk, offset) = locate(place);
        self.chunks.get(chunk)?.get()?.get(offset)
    }

    /// The items of `place`, if its chunk is made.
    #[inline]
    pub(crate) fn row(&self, place: u32) -> Option<&[T]> {
        let (chunk, offset) = locate(place);
        let first = offset * self.stride;
        self.chunks
            .get(chunk)?
            .get()?
            .get(first..first + self.stride)
    }

    /// The items of `count` places from `first` on, if they are in one chunk and it is made.
    pub(crate) fn rows(&self, first: u32, count: u32) -> Option<&[T]> {
        let (chunk, offset) = locate(first);
        let first = offset * self.stride;
        let items = count as usize * self.stride;
        self.chunks.get(chunk)?.get()?.get(first..first + items)
    }

    /// The items of `place`; its chunk is made with `item` if need be.
    pub(crate) fn row_or_make(&self, place: u32, item: impl FnMut() -> T) -> &[T] {
        let (chunk, offset) = locate(place);
        let items = (FIRST << chunk) * self.stride;
        let made =
            self.chunks[chunk].get_or_init(|| std::iter::repeat_with(item).take(items).collect());
        &made[offset * self.stride..][..self.stride]
    }

    /// The item at `place`; its chunk is made with `item` if need be.
    pub(crate) fn get_or_make(&self, place: u32, item: impl FnMut() -> T) -> &T {
        &self.row_or_make(place, item)[0]
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.chunks
            .iter()
            .filter_map(OnceLock::get)
            .map(|chunk| size_of_val(&**chunk))
            .sum()
    }
}

/// Chunk and offset of a place: chunk `k` begins at `FIRST * (2^k - 1)`.
#[inline]
fn locate(place: u32) -> (usize, usize) {
    let shifted = place as usize + FIRST;
    let chunk = (shifted / FIRST).ilog2() as usize;
    (chunk, shifted - (FIRST << chunk))
}

#[cfg(all(test, not(novacron_loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_its_own() {
        let list: Grown<std::cell::Cell<u32>> = Grown::with_stride(2);
        for place in 0..1000 {
            list.row_or_make(place, Default::default)[1].set(place);
        }
        for place in 0..1000 {
            assert_eq!(list.row(place).unwrap()[1].get(), place);
        }
        assert!(list.row(CAPACITY).is_none());
        assert!(list.heap_bytes() >= 1000 * 8);
    }
}
