//! `/proc/meminfo` and its twin of each NUMA node.

use crate::text;

/// What memory is used for, as the kernel spells it. Only these are kept.
pub const FIELDS: [&str; 36] = [
    "MemTotal",
    "MemFree",
    "MemAvailable",
    "Buffers",
    "Cached",
    "SwapCached",
    "Active",
    "Inactive",
    "Active(anon)",
    "Inactive(anon)",
    "Active(file)",
    "Inactive(file)",
    "Unevictable",
    "Mlocked",
    "SwapTotal",
    "SwapFree",
    "Zswap",
    "Dirty",
    "Writeback",
    "AnonPages",
    "Mapped",
    "Shmem",
    "KReclaimable",
    "SReclaimable",
    "SUnreclaim",
    "KernelStack",
    "PageTables",
    "CommitLimit",
    "Committed_AS",
    "VmallocUsed",
    "Percpu",
    "HardwareCorrupted",
    "AnonHugePages",
    "ShmemHugePages",
    "FileHugePages",
    "Hugetlb",
];

/// Sizes by name, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meminfo([Option<u64>; FIELDS.len()]);

impl Default for Meminfo {
    fn default() -> Self {
        Self([None; FIELDS.len()])
    }
}

impl Meminfo {
    /// Reads `MemTotal:  984288 kB` and the like, with `Node 0` before it or without. A field
    /// without `kB`, as the numbers of huge pages are, is no size and left out.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut sizes = Self::default();
        for (name, value) in text::pairs(text, ':') {
            let name = name.rsplit(' ').next().unwrap_or(name);
            let Some(at) = FIELDS.iter().position(|field| *field == name) else {
                continue;
            };
            let kibibytes = value.strip_suffix(" kB").and_then(text::number::<u64>);
            sizes.0[at] = sizes.0[at].or_else(|| kibibytes?.checked_mul(1024));
        }
        sizes
    }

    /// A size, in bytes; `None` for a field that this kernel does not have or that is broken.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<u64> {
        self.0[FIELDS.iter().position(|known| *known == field)?]
    }

    /// What is left of one size without another; `None` where that is less than nothing.
    #[must_use]
    pub fn difference(&self, size: &str, without: &str) -> Option<u64> {
        self.get(size)?.checked_sub(self.get(without)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_bytes_and_numbers_of_pages_are_none() {
        let sizes = Meminfo::parse("MemTotal:  2 kB\nHugePages_Total:  64\nDirty: 5\nMapped: 7 kB");
        assert_eq!(sizes.get("MemTotal"), Some(2048));
        assert_eq!(sizes.get("Dirty"), None, "without a unit");
        assert_eq!(sizes.get("Mapped"), None, "cut");
        assert_eq!(sizes.difference("MemTotal", "MemFree"), None);
    }

    #[test]
    fn the_nodes_files_have_a_prefix() {
        let sizes = Meminfo::parse("Node 1 MemTotal:  4 kB\nNode 1 Active(anon): 1 kB\n");
        assert_eq!(sizes.get("MemTotal"), Some(4096));
        assert_eq!(sizes.get("Active(anon)"), Some(1024));
    }

    #[test]
    fn a_size_that_no_machine_has_does_not_overflow() {
        let nothing = Meminfo::default();
        assert_eq!(
            Meminfo::parse("MemFree: 18446744073709551615 kB\n"),
            nothing
        );
        assert_eq!(Meminfo::parse("MemFree: -1 kB\n"), nothing);
    }
}
