//! `/sys/devices/system/node`: memory, CPUs and distances of each NUMA node.

use std::collections::BTreeMap;

use novacron_telemetry::collect::Run;

use super::super::{indexed, members, optional};
use super::hugepages::{Pool, pools};
use super::meminfo::Meminfo;
use crate::{Root, text};

const NODES: &str = "sys/devices/system/node";

/// One NUMA node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Its memory.
    pub memory: Meminfo,
    /// Pages allocated on it.
    pub allocated: Allocated,
    /// How far each node is, itself included, by index; 10 is local.
    pub distances: Vec<(u32, u32)>,
    /// Logical CPUs that are on it.
    pub cpus: Option<usize>,
    /// Huge pages by size.
    pub pools: BTreeMap<String, Pool>,
}

/// Pages allocated on a node, by how that fits what was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocated {
    /// As asked.
    pub hit: Option<u64>,
    /// Here, since the node that was asked for had none.
    pub miss: Option<u64>,
    /// Asked for here, and allocated elsewhere.
    pub foreign: Option<u64>,
    /// As asked by a policy that takes nodes in turn.
    pub interleave: Option<u64>,
    /// For a process that ran here.
    pub local: Option<u64>,
    /// For a process that ran elsewhere.
    pub other: Option<u64>,
}

/// Reads every node, by index. Empty on a kernel without NUMA.
#[must_use]
pub fn nodes(root: &Root, run: &mut Run) -> BTreeMap<u32, Node> {
    let names = root.list(NODES).unwrap_or_default();
    let mut indexes: Vec<u32> = names
        .iter()
        .filter_map(|name| indexed(name, "node"))
        .collect();
    indexes.sort_unstable();
    let mut nodes = BTreeMap::new();
    for index in &indexes {
        if run.expired() {
            run.skip(format_args!("node{index}"), "no time was left");
            continue;
        }
        let at = format!("{NODES}/node{index}");
        let node = Node {
            memory: optional(root, run, &format!("{at}/meminfo"))
                .map_or_else(Meminfo::default, |text| Meminfo::parse(&text)),
            allocated: optional(root, run, &format!("{at}/numastat"))
                .map_or_else(Allocated::default, |text| Allocated::parse(&text)),
            distances: root
                .attribute(format!("{at}/distance"))
                .and_then(|text| distances(&text, &indexes))
                .unwrap_or_default(),
            // A node of memory alone has an empty list, and no CPUs.
            cpus: optional(root, run, &format!("{at}/cpulist"))
                .and_then(|text| Some(members(text::lines(&text).next()?)?.len())),
            pools: pools(root, &format!("{at}/hugepages")),
        };
        nodes.insert(*index, node);
    }
    nodes
}

/// The kernel writes a distance for each node that is online, in the order of their indexes.
/// Another number of distances cannot be told apart.
fn distances(text: &str, nodes: &[u32]) -> Option<Vec<(u32, u32)>> {
    let distances: Option<Vec<u32>> = text.split_ascii_whitespace().map(text::number).collect();
    let distances = distances.filter(|distances| distances.len() == nodes.len())?;
    Some(nodes.iter().copied().zip(distances).collect())
}

impl Allocated {
    /// Reads lines of a name and a number.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut allocated = Self::default();
        for (name, value) in text::pairs(text, ' ') {
            let pages = match name {
                "numa_hit" => &mut allocated.hit,
                "numa_miss" => &mut allocated.miss,
                "numa_foreign" => &mut allocated.foreign,
                "interleave_hit" => &mut allocated.interleave,
                "local_node" => &mut allocated.local,
                "other_node" => &mut allocated.other,
                _ => continue,
            };
            *pages = pages.or_else(|| text::number(value));
        }
        allocated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_belongs_to_a_node_or_to_none() {
        assert_eq!(distances("10 20", &[0, 2]), Some(vec![(0, 10), (2, 20)]));
        for broken in ["10", "10 20 30", "10 x", ""] {
            assert_eq!(distances(broken, &[0, 2]), None, "{broken}");
        }
    }
}
