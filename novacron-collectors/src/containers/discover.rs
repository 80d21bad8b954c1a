//! Finding the groups of containers.

use novacron_telemetry::catalog::container::ContainerRuntime;

use super::names::{self, Id};
use crate::root::Root;

/// A container that has a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) id: Id,
    pub(super) runtime: ContainerRuntime,
    /// The group, below each tree.
    pub(super) group: String,
}

/// The groups of containers in one tree, and whether there were more than are looked through.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) found: Vec<Found>,
    pub(super) cut: bool,
}

/// The deepest group. A rootless container is six folders down, a pod's in a container eleven.
const DEEPEST: usize = 16;
/// The most groups that are opened.
const MOST_GROUPS: usize = 50_000;
/// The most containers.
const MOST_CONTAINERS: usize = 10_000;

/// Walks the tree whose root is `folder`. What is inside a container belongs to it and is not looked
/// at.
pub(super) fn walk(root: &Root, folder: &str) -> Walk {
    let mut walk = Walk::default();
    let mut groups = vec![(String::new(), 0)];
    let mut opened = 0;
    while let Some((group, depth)) = groups.pop() {
        if opened == MOST_GROUPS {
            walk.cut = true;
            break;
        }
        opened += 1;
        // It may have vanished, or be no folder: names alone do not tell.
        let Ok(names) = root.list(format!("{folder}/{group}")) else {
            continue;
        };
        let parent = group.rsplit('/').next().unwrap_or_default();
        for name in names {
            if is_file(&name) {
                continue;
            }
            let below = match group.as_str() {
                "" => name.clone(),
                group => format!("{group}/{name}"),
            };
            if let Some((runtime, id)) = names::container(parent, &name) {
                if walk.found.len() == MOST_CONTAINERS {
                    walk.cut = true;
                    return walk;
                }
                walk.found.push(Found {
                    id,
                    runtime,
                    group: below,
                });
            } else if depth < DEEPEST {
                groups.push((below, depth + 1));
            }
        }
    }
    walk.found.sort_by(|a, b| a.group.cmp(&b.group));
    // A runtime that moved a container leaves its first group behind for a moment.
    let mut seen = std::collections::HashSet::new();
    walk.found.retain(|found| seen.insert(found.id.clone()));
    walk
}

/// Files of a group are named after their controller; asking of each whether it is a folder would
/// cost more than all the rest.
fn is_file(name: &str) -> bool {
    const CONTROLLERS: [&str; 18] = [
        "blkio", "cgroup", "cpu", "cpuacct", "cpuset", "debug", "devices", "dmem", "freezer",
        "hugetlb", "io", "irq", "memory", "misc", "net_cls", "net_prio", "pids", "rdma",
    ];
    match name.split_once('.') {
        Some((controller, _)) => controller == "perf_event" || CONTROLLERS.contains(&controller),
        None => matches!(name, "tasks" | "notify_on_release" | "release_agent"),
    }
}
