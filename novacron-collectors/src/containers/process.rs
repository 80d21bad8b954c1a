//! What `/proc` says about the first process of a container.

use super::net::{self, Traffic};
use super::stat;
use crate::root::Root;

/// The first process of a group, or of one of the groups right below it, where some runtimes put it.
pub(super) fn first(root: &Root, folder: &str, group: &str) -> Option<u32> {
    let group = format!("{folder}/{group}");
    let of = |group: &str| -> Option<u32> {
        let text = root.text(format!("{group}/cgroup.procs")).ok()?;
        let first = text.split_inclusive('\n').next()?.strip_suffix('\n')?;
        // A process of another namespace is shown as 0.
        u32::try_from(stat::whole(first)?)
            .ok()
            .filter(|pid| *pid > 0)
    };
    of(&group).or_else(|| {
        ["container", "init.scope", "init", "payload"]
            .into_iter()
            .find_map(|below| of(&format!("{group}/{below}")))
    })
}

/// Whether there is a process of this number.
pub(super) fn alive(root: &Root, pid: u32) -> bool {
    root.exists(format!("proc/{pid}"))
}

/// The network namespace of a process, as the kernel writes it.
pub(super) fn network_namespace(root: &Root, pid: u32) -> Option<String> {
    root.link_name(format!("proc/{pid}/ns/net"))
}

/// What passed the interfaces that a process sees.
pub(super) fn traffic(root: &Root, pid: u32) -> Option<Traffic> {
    net::parse(&root.text(format!("proc/{pid}/net/dev")).ok()?)
}

/// When the host was started, in Unix time.
pub(super) fn boot_time(root: &Root) -> Option<u64> {
    stat::keyed(&root.text("proc/stat").ok()?, "btime")
}

/// When a process was started, in Unix time.
pub(super) fn started(root: &Root, pid: u32, boot_time: u64) -> Option<f64> {
    let text = root.text(format!("proc/{pid}/stat")).ok()?;
    Some(boot_time as f64 + started_after(&text)?)
}

/// Seconds between the start of the host and that of a process: the 22nd word of its `stat`, counted
/// from behind its name, which may hold blanks and parentheses.
fn started_after(text: &str) -> Option<f64> {
    /// What the kernel shows times in, on every platform, whatever it counts in itself.
    const TICKS_PER_SECOND: f64 = 100.0;
    let (_, after) = text.strip_suffix('\n')?.rsplit_once(") ")?;
    let ticks = stat::whole(after.split(' ').nth(19)?)?;
    Some(ticks as f64 / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_a_process_is_found_behind_any_name() {
        let text = "6220 (a) b (c) S 1 6220 6220 0 -1 4194560 1166 0 0 0 2 1 0 0 20 0 1 0 \
                    123456 4300800 128\n";
        assert_eq!(started_after(text), Some(1234.56));
        assert_eq!(started_after("6220 (sh) S 1\n"), None);
        assert_eq!(started_after(&text[..text.len() - 1]), None);
    }
}
