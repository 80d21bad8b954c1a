//! Where the control groups are mounted, and which hierarchy holds which controller.
//!
//! A host has version 1 (a tree per controller), version 2 (one tree), or both: a hybrid host keeps
//! some controllers in trees of their own while the unified tree holds the rest, or none. So each
//! controller is looked for by itself, in the table of mounts, and no single file decides.

/// One mounted hierarchy: the folder, from the root of the host, without a leading slash.
pub(super) type Folder = Box<str>;

/// Where one controller's files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tree {
    V1(Folder),
    V2(Folder),
}

impl Tree {
    pub(super) fn folder(&self) -> &str {
        match self {
            Tree::V1(folder) | Tree::V2(folder) => folder,
        }
    }
}

/// The hierarchies of a host, by what is read in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Trees {
    /// Time on processors: `cpuacct` in version 1. In version 2 it is counted without a controller.
    pub(super) cpu_time: Option<Tree>,
    /// The share of processors: `cpu`.
    pub(super) cpu: Option<Tree>,
    pub(super) memory: Option<Tree>,
    pub(super) io: Option<Tree>,
    pub(super) pids: Option<Tree>,
    /// Pressure: the unified tree has it for every group, whatever its controllers.
    pub(super) unified: Option<Folder>,
}

impl Trees {
    /// The trees that name containers, best first: each is walked until one has any.
    pub(super) fn folders(&self) -> Vec<&str> {
        let mut folders: Vec<&str> = [
            &self.memory,
            &self.cpu_time,
            &self.pids,
            &self.cpu,
            &self.io,
        ]
        .into_iter()
        .flatten()
        .map(Tree::folder)
        .chain(self.unified.as_deref())
        .collect();
        let mut seen = Vec::new();
        folders.retain(|folder| {
            let new = !seen.contains(folder);
            seen.push(folder);
            new
        });
        folders
    }
}

/// The hierarchies, from `/proc/self/mountinfo`, `/proc/cgroups` and the unified tree's
/// `cgroup.controllers`, each as far as it could be read. `prefix` is where the root of the host is
/// in the table of mounts: `/`, or `/host` say.
pub(super) fn trees(
    mountinfo: &str,
    cgroups: Option<&str>,
    prefix: &str,
    controllers: impl FnOnce(&str) -> Option<String>,
) -> Trees {
    let mut v1: Vec<(Folder, Vec<&str>)> = Vec::new();
    let mut unified: Option<Folder> = None;
    for mount in mountinfo.lines().filter_map(mount) {
        let Some(folder) = below(&mount.point, prefix) else {
            continue;
        };
        match mount.fstype {
            // The first one counts: what is mounted later, in a container of ours, is a part of it.
            "cgroup2" => unified = unified.or(Some(folder)),
            "cgroup" => v1.push((folder, mount.options.split(',').collect())),
            _ => {}
        }
    }
    let held = match &unified {
        Some(folder) => controllers(folder),
        None => None,
    };
    let find = |controller: &str| {
        if !cgroups.is_none_or(|table| may_be_v1(table, controller)) {
            return None;
        }
        let (folder, _) = v1.iter().find(|(_, held)| held.contains(&controller))?;
        Some(Tree::V1(folder.clone()))
    };
    let find_either = |old: &str, new: &str| {
        find(old).or_else(|| {
            let held = held.as_deref()?.split_ascii_whitespace();
            held.into_iter()
                .any(|held| held == new)
                .then(|| unified.clone().map(Tree::V2))?
        })
    };
    Trees {
        cpu_time: find("cpuacct").or_else(|| unified.clone().map(Tree::V2)),
        cpu: find_either("cpu", "cpu"),
        memory: find_either("memory", "memory"),
        io: find_either("blkio", "io"),
        pids: find_either("pids", "pids"),
        unified,
    }
}

/// Whether `/proc/cgroups` lets a controller be in a tree of version 1: it is there, enabled, and
/// its hierarchy is not 0, which is the unified tree. A table without the controller says nothing.
fn may_be_v1(table: &str, controller: &str) -> bool {
    table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| {
            let mut words = line.split_ascii_whitespace();
            (words.next() == Some(controller)).then(|| words.next() != Some("0"))
        })
        .unwrap_or(true)
}

struct Mount<'a> {
    point: String,
    fstype: &'a str,
    options: &'a str,
}

/// `36 35 0:32 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory`, with any number of
/// optional words before the dash.
fn mount(line: &str) -> Option<Mount<'_>> {
    let (before, after) = line.split_once(" - ")?;
    let point = before.split(' ').nth(4)?;
    let mut after = after.split(' ');
    let fstype = after.next()?;
    let _source = after.next()?;
    Some(Mount {
        point: unescape(point)?,
        fstype,
        options: after.next()?,
    })
}

/// A blank is `\040` in the table, and so on.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..3)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 8).ok()?);
        rest = &rest[3..];
    }
    String::from_utf8(bytes).ok()
}

/// The folder below the host's root, without a leading slash.
fn below(point: &str, prefix: &str) -> Option<Folder> {
    let rest = point.strip_prefix(prefix.trim_end_matches('/'))?;
    let rest = rest.strip_prefix('/')?;
    (!rest.is_empty()).then(|| rest.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HYBRID: &str = "\
24 1 254:0 / / rw,relatime - ext4 /dev/root rw
30 24 0:26 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate
32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
33 30 0:29 / /sys/fs/cgroup/memory rw shared:10 master:1 - cgroup cgroup rw,memory
34 30 0:30 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio
35 30 0:31 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
";

    fn v1(folder: &str) -> Option<Tree> {
        Some(Tree::V1(folder.into()))
    }

    fn v2(folder: &str) -> Option<Tree> {
        Some(Tree::V2(folder.into()))
    }

    #[test]
    fn a_hybrid_host_keeps_each_controller_where_it_is() {
        let trees = trees(HYBRID, None, "/", |folder| {
            assert_eq!(folder, "sys/fs/cgroup/unified");
            Some("hugetlb pids\n".into())
        });
        assert_eq!(trees.cpu_time, v1("sys/fs/cgroup/cpu,cpuacct"));
        assert_eq!(trees.cpu, v1("sys/fs/cgroup/cpu,cpuacct"));
        assert_eq!(trees.memory, v1("sys/fs/cgroup/memory"));
        assert_eq!(trees.io, v1("sys/fs/cgroup/blkio"));
        assert_eq!(trees.pids, v2("sys/fs/cgroup/unified"));
        assert_eq!(trees.unified.as_deref(), Some("sys/fs/cgroup/unified"));
        assert_eq!(trees.folders()[0], "sys/fs/cgroup/memory");
    }

    #[test]
    fn a_unified_host_has_one_tree() {
        let mounts = "31 24 0:27 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw\n";
        let trees = trees(mounts, None, "/", |_| Some("cpu io memory pids".into()));
        let all = v2("sys/fs/cgroup");
        for tree in [
            &trees.cpu_time,
            &trees.cpu,
            &trees.memory,
            &trees.io,
            &trees.pids,
        ] {
            assert_eq!(*tree, all);
        }
        assert_eq!(trees.folders(), ["sys/fs/cgroup"]);
    }

    #[test]
    fn a_controller_that_the_kernel_says_is_unified_is_not_looked_for_in_a_tree_of_its_own() {
        let table =
            "#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t0\t5\t1\ncpu\t3\t5\t1\n";
        let trees = trees(HYBRID, Some(table), "/", |_| Some("memory".into()));
        assert_eq!(trees.memory, v2("sys/fs/cgroup/unified"));
        assert_eq!(trees.cpu, v1("sys/fs/cgroup/cpu,cpuacct"));
    }

    #[test]
    fn the_root_of_the_host_may_be_mounted_elsewhere() {
        let mounts = "\
31 24 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
32 24 0:27 / /host/sys/fs/cgroup rw - cgroup2 cgroup2 rw
33 24 0:27 / /hosting/sys/fs/cgroup rw - cgroup2 cgroup2 rw
34 24 0:27 / /with\\040blank rw - cgroup2 cgroup2 rw
35 24 0:27 / /half\\04
not a mount
";
        let trees = trees(mounts, None, "/host", |_| None);
        assert_eq!(trees.unified.as_deref(), Some("sys/fs/cgroup"));
        assert_eq!(trees.memory, None, "the controllers could not be read");
        let elsewhere = super::trees(
            "34 24 0:27 / /with\\040blank rw - cgroup2 x rw",
            None,
            "/",
            |_| None,
        );
        assert_eq!(elsewhere.unified.as_deref(), Some("with blank"));
        assert_eq!(super::trees("", None, "/", |_| None), Trees::default());
    }
}
