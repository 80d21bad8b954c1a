//! Memory in pages of 4 KiB, and which of them have changed.

use std::sync::{
    Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use fastrand::Rng;
use twox_hash::XxHash3_64;

/// Bytes in a page.
pub(crate) const PAGE: usize = 4096;

/// What is in a page.
pub(crate) type Page = [u8; PAGE];

/// The memory of one guest. Each page has a lock of its own: a guest writes while others read.
#[derive(Debug)]
pub(crate) struct Memory {
    pages: Box<[Mutex<Page>]>,
    dirty: Box<[AtomicU64]>,
    /// Checksums of the pages as they were at one moment, each made when it is asked for or just
    /// before the page changes, whichever comes first.
    kept: OnceLock<Box<[OnceLock<u64>]>>,
}

impl Memory {
    /// Memory full of zeros, none of it dirty.
    pub(crate) fn empty(pages: usize) -> Self {
        let words = pages.div_ceil(64);
        Self {
            pages: (0..pages).map(|_| Mutex::new([0; PAGE])).collect(),
            dirty: (0..words).map(|_| AtomicU64::new(0)).collect(),
            kept: OnceLock::new(),
        }
    }

    /// Memory as it is in a machine that has run for a while: a quarter zeros, half of it text
    /// and tables, a quarter beyond compression. Equal seeds, equal memory.
    pub(crate) fn used(pages: usize, seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let memory = Self::empty(pages);
        for page in &memory.pages {
            let mut page = lock(page);
            match random.u8(..4) {
                0 => {}
                1 => random.fill(&mut page[..]),
                _ => {
                    let words: [u32; 32] = std::array::from_fn(|_| random.u32(..));
                    for bytes in page.chunks_exact_mut(4) {
                        bytes.copy_from_slice(&words[random.usize(..32)].to_le_bytes());
                    }
                }
            }
        }
        memory
    }

    /// How many pages there are.
    pub(crate) fn len(&self) -> usize {
        self.pages.len()
    }

    /// How many bytes there are.
    pub(crate) fn bytes(&self) -> u64 {
        self.len() as u64 * PAGE as u64
    }

    /// Looks at a page. `None` where there is no such page.
    pub(crate) fn read<R>(&self, page: usize, look: impl FnOnce(&Page) -> R) -> Option<R> {
        self.pages.get(page).map(|page| look(&lock(page)))
    }

    /// Changes a page, which is dirty then. `None` where there is no such page.
    pub(crate) fn write<R>(&self, page: usize, change: impl FnOnce(&mut Page) -> R) -> Option<R> {
        let mut content = lock(self.pages.get(page)?);
        if let Some(kept) = self.kept.get() {
            kept[page].get_or_init(|| sum_of(&content));
        }
        let result = change(&mut content);
        // While the page is still locked: whoever takes the mark reads what it stands for.
        self.dirty[page / 64].fetch_or(1 << (page % 64), Ordering::Relaxed);
        Some(result)
    }

    /// Bytes in pages that are dirty now.
    pub(crate) fn dirty_bytes(&self) -> u64 {
        let pages: u32 = self
            .dirty
            .iter()
            .map(|word| word.load(Ordering::Relaxed).count_ones())
            .sum();
        u64::from(pages) * PAGE as u64
    }

    /// The dirty pages, which are clean from now on.
    pub(crate) fn take_dirty(&self) -> Vec<usize> {
        let mut pages = Vec::new();
        for (at, word) in self.dirty.iter().enumerate() {
            let mut bits = word.swap(0, Ordering::Relaxed);
            while bits != 0 {
                pages.push(at * 64 + bits.trailing_zeros() as usize);
                bits &= bits - 1;
            }
        }
        pages
    }

    /// From now on [`kept_sum`](Self::kept_sum) tells how each page was at this moment.
    pub(crate) fn keep_sums(&self) {
        self.kept
            .get_or_init(|| (0..self.len()).map(|_| OnceLock::new()).collect());
    }

    /// The checksum of a page as it was when sums were first kept; as it is, if they are not.
    pub(crate) fn kept_sum(&self, page: usize) -> Option<u64> {
        self.read(page, |content| match self.kept.get() {
            Some(kept) => *kept[page].get_or_init(|| sum_of(content)),
            None => sum_of(content),
        })
    }
}

fn sum_of(page: &Page) -> u64 {
    XxHash3_64::oneshot(page)
}

/// A page that was locked by a thread that panicked is a page all the same.
fn lock(page: &Mutex<Page>) -> MutexGuard<'_, Page> {
    page.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_dirty_from_its_change_until_it_is_taken() {
        let memory = Memory::empty(130);
        for page in [0, 63, 64, 129, 129] {
            memory.write(page, |content| content[0] = 1);
        }
        assert_eq!(memory.dirty_bytes(), 4 * PAGE as u64);
        assert_eq!(memory.take_dirty(), [0, 63, 64, 129]);
        assert_eq!(memory.take_dirty(), [] as [usize; 0]);
        assert_eq!(memory.write(130, |_| ()), None);
    }

    #[test]
    fn a_kept_sum_outlives_the_change_of_its_page() {
        let memory = Memory::used(8, 7);
        let before: Vec<_> = (0..8).map(|page| memory.kept_sum(page)).collect();
        memory.keep_sums();
        memory.write(3, |content| content[17] ^= 1);
        let kept: Vec<_> = (0..8).map(|page| memory.kept_sum(page)).collect();
        assert_eq!(kept, before);
        let now = memory.read(3, sum_of);
        assert_ne!(now, before[3]);
    }

    #[test]
    fn equal_seeds_make_equal_memory() {
        let sums = |seed| {
            let memory = Memory::used(64, seed);
            (0..64)
                .map(|page| memory.kept_sum(page))
                .collect::<Vec<_>>()
        };
        assert_eq!(sums(1), sums(1));
        assert_ne!(sums(1), sums(2));
    }
}
