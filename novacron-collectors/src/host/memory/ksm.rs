//! `/sys/kernel/mm/ksm`: equal pages that were merged.

use crate::Root;

/// What KSM has done. All `None` on a kernel without it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ksm {
    /// Whether it runs: 0 stopped, 1 runs, 2 stopped and all pages parted.
    pub run: Option<u64>,
    /// Merged pages that are kept.
    pub shared: Option<u64>,
    /// Pages that are not needed, since a merged one stands for them.
    pub sharing: Option<u64>,
    /// Pages that are looked at again and again and have no equal.
    pub unshared: Option<u64>,
    /// Pages that change too fast.
    pub volatile: Option<u64>,
    /// Empty pages that stand for the kernel's one. Since Linux 6.6.
    pub zero: Option<u64>,
    /// Completed scans of all that may be merged.
    pub full_scans: Option<u64>,
    /// Memory that is saved less what it costs, in bytes; less than nothing if it does not pay.
    /// Since Linux 6.4.
    pub profit_bytes: Option<i64>,
}

impl Ksm {
    /// Reads each file by itself.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        let of = |file: &str| root.number(format!("sys/kernel/mm/ksm/{file}"));
        Self {
            run: of("run"),
            shared: of("pages_shared"),
            sharing: of("pages_sharing"),
            unshared: of("pages_unshared"),
            volatile: of("pages_volatile"),
            zero: of("ksm_zero_pages"),
            full_scans: of("full_scans"),
            profit_bytes: root.number("sys/kernel/mm/ksm/general_profit"),
        }
    }
}
