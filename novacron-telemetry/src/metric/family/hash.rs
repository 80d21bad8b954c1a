//! One inline hash over the parts of a key.
//!
//! Seeded per process. The cap on open labels bounds what a flood of colliding texts can do; the
//! seed keeps it from being prepared.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use crate::label::Part;

static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0x6e6f_7661));

const K: u64 = 0x9e37_79b9_7f4a_7c15;

/// This process's seed.
pub(crate) fn seed() -> u64 {
    *SEED
}

/// The hash of a key.
#[inline]
pub(crate) fn parts(seed: u64, parts: &[Part<'_>]) -> u64 {
    parts.iter().fold(seed, |hash, part| match part {
        Part::Absent => fold(hash ^ K, K),
        Part::Index(index) => fold(hash ^ u64::from(*index), K),
        Part::Text(text) => bytes(hash, text.as_bytes()),
    })
}

/// The hash of one text.
#[inline]
pub(crate) fn text(seed: u64, text: &str) -> u64 {
    bytes(seed, text.as_bytes())
}

#[inline]
fn bytes(hash: u64, bytes: &[u8]) -> u64 {
    // The length goes in first: "a" and "a\0" differ, and so do ("ab", "c") and ("a", "bc"). That
    // also lets the last block overlap the one before it.
    let mut hash = hash ^ (bytes.len() as u64).wrapping_mul(K);
    if let Some(last) = bytes.last_chunk::<16>() {
        let mut rest = bytes;
        while rest.len() > 16
            && let Some((block, tail)) = rest.split_first_chunk::<16>()
        {
            hash = fold(hash ^ low(block), K ^ high(block));
            rest = tail;
        }
        fold(hash ^ low(last), K ^ high(last))
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        fold(
            hash ^ u64::from_le_bytes(*first),
            K ^ u64::from_le_bytes(*last),
        )
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        fold(hash ^ u64::from(first), K ^ u64::from(last))
    } else {
        fold(hash ^ short(bytes), K)
    }
}

/// Up to three bytes as one word: the first, the middle and the last are all there are.
#[inline]
pub(super) fn short(bytes: &[u8]) -> u64 {
    match (bytes.first(), bytes.get(bytes.len() / 2), bytes.last()) {
        (Some(first), Some(middle), Some(last)) => {
            u64::from(*first) << 16 | u64::from(*middle) << 8 | u64::from(*last)
        }
        _ => 0,
    }
}

#[inline]
fn low(block: &[u8; 16]) -> u64 {
    u64::from_le_bytes(block.first_chunk::<8>().copied().unwrap_or_default())
}

#[inline]
fn high(block: &[u8; 16]) -> u64 {
    u64::from_le_bytes(block.last_chunk::<8>().copied().unwrap_or_default())
}

/// A folded multiplication: every bit of the product comes back into 64.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b | 1);
    (product as u64) ^ ((product >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_borders_between_parts_count() {
        let hash = |list: &[&str]| {
            let list: Vec<_> = list.iter().map(|text| Part::Text(text)).collect();
            parts(7, &list)
        };
        assert_ne!(hash(&["GET", "/a", "200"]), hash(&["GE", "T/a", "200"]));
        assert_ne!(hash(&["a"]), hash(&["a\0"]));
        assert_ne!(hash(&["0123456789abcdef"]), hash(&["0123456789abcdeg"]));
        assert_ne!(hash(&["", "a"]), hash(&["a", ""]));
    }
}
