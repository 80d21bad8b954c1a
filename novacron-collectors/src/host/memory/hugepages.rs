//! `/sys/kernel/mm/hugepages` and `transparent_hugepage`: large pages, reserved and not.

use std::collections::BTreeMap;

use crate::{Root, text};

/// A pool of huge pages of one size, of the host or of a NUMA node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// Pages in the pool.
    pub pages: Option<u64>,
    /// Pages that nobody uses.
    pub free: Option<u64>,
    /// Free pages that are promised to somebody. Nodes do not have it.
    pub reserved: Option<u64>,
    /// Pages beyond the pool's size.
    pub surplus: Option<u64>,
}

/// Reads the pools in a folder, by size as the kernel spells it: `2048kB`.
#[must_use]
pub fn pools(root: &Root, folder: &str) -> BTreeMap<String, Pool> {
    let names = root.list(folder).unwrap_or_default();
    let sizes = names.iter().filter_map(|name| {
        let size = name.strip_prefix("hugepages-")?;
        text::number::<u64>(size.strip_suffix("kB")?)?;
        Some((name, size.to_owned()))
    });
    sizes
        .map(|(name, size)| {
            let of = |file: &str| root.number(format!("{folder}/{name}/{file}"));
            let pool = Pool {
                pages: of("nr_hugepages"),
                free: of("free_hugepages"),
                reserved: of("resv_hugepages"),
                surplus: of("surplus_hugepages"),
            };
            (size, pool)
        })
        .collect()
}

/// The mode of transparent huge pages: the one in brackets of `[always] madvise never`.
#[must_use]
pub fn transparent(root: &Root) -> Option<String> {
    let modes = root.attribute("sys/kernel/mm/transparent_hugepage/enabled")?;
    let (_, rest) = modes.split_once('[')?;
    let (mode, _) = rest.split_once(']')?;
    Some(mode.to_owned())
}
