//! `/proc/vmstat`: what the kernel did with pages since it booted.

use crate::text;

/// The counters that are kept.
pub const COUNTERS: [&str; 33] = [
    "pgfault",
    "pgmajfault",
    "pgpgin",
    "pgpgout",
    "pswpin",
    "pswpout",
    "pgscan_kswapd",
    "pgscan_direct",
    "pgscan_khugepaged",
    "pgscan_proactive",
    "pgsteal_kswapd",
    "pgsteal_direct",
    "pgsteal_khugepaged",
    "pgsteal_proactive",
    "workingset_refault_anon",
    "workingset_refault_file",
    "allocstall_dma",
    "allocstall_dma32",
    "allocstall_normal",
    "allocstall_high",
    "allocstall_movable",
    "allocstall_device",
    "oom_kill",
    "compact_success",
    "compact_fail",
    "compact_stall",
    "thp_fault_alloc",
    "thp_fault_fallback",
    "thp_collapse_alloc",
    "thp_collapse_alloc_failed",
    "thp_split_page",
    "numa_hint_faults",
    "numa_pages_migrated",
];

/// Counters by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vmstat([Option<u64>; COUNTERS.len()]);

impl Default for Vmstat {
    fn default() -> Self {
        Self([None; COUNTERS.len()])
    }
}

impl Vmstat {
    /// Reads lines of a name and a number.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut counters = Self::default();
        for (name, value) in text::pairs(text, ' ') {
            if let Some(at) = COUNTERS.iter().position(|counter| *counter == name) {
                counters.0[at] = counters.0[at].or_else(|| text::number(value));
            }
        }
        counters
    }

    /// A counter; `None` if this kernel does not have it or it is broken.
    #[must_use]
    pub fn get(&self, counter: &str) -> Option<u64> {
        self.0[COUNTERS.iter().position(|known| *known == counter)?]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_names_are_taken() {
        let text = "pgscan_direct_throttle 9\npgscan_direct 3\noom_kill x\npgfault 1";
        let counters = Vmstat::parse(text);
        assert_eq!(counters.get("pgscan_direct"), Some(3));
        assert_eq!(counters.get("oom_kill"), None);
        assert_eq!(counters.get("pgfault"), None, "cut");
    }
}
