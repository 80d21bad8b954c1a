//! RAID arrays of the kernel (md), from `/sys/block/mdN/md` and `/proc/mdstat`.

use std::collections::BTreeMap;

use novacron_telemetry::collect::Run;

use crate::{Root, text};

/// One array.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Array {
    /// Its disks by state; `None` if one of them does not say.
    pub disks: Option<Disks>,
    /// Disks when it is whole.
    pub expected: Option<u64>,
    /// Disks that it lacks. A level without redundancy has no such number.
    pub missing: Option<u64>,
    /// `clean`, `active`, `broken` …
    pub state: Option<String>,
    /// `idle`, `recover`, `check` …
    pub action: Option<String>,
    /// Sectors done of those to do, while it rebuilds or checks.
    pub progress: Option<(u64, u64)>,
    /// Sectors that differed at the last check.
    pub mismatches: Option<u64>,
}

/// Disks of an array by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disks {
    /// In use.
    pub active: u32,
    /// Wait to be used, or are being filled.
    pub spare: u32,
    /// Failed.
    pub failed: u32,
    /// Anything else: journals.
    pub other: u32,
}

/// Reads every array, by name. Empty on a host without.
#[must_use]
pub fn arrays(root: &Root, names: &[String], run: &mut Run) -> BTreeMap<String, Array> {
    let mut arrays = BTreeMap::new();
    let mut mdstat = None;
    for name in names {
        let at = format!("sys/block/{name}/md");
        let Some(state) = root.attribute(format!("{at}/array_state")) else {
            continue;
        };
        if run.expired() {
            run.skip(name, "no time was left");
            continue;
        }
        let of = |file: &str| root.number(format!("{at}/{file}"));
        let array = Array {
            disks: disks(root, &at).or_else(|| {
                let stat =
                    mdstat.get_or_insert_with(|| root.text("proc/mdstat").unwrap_or_default());
                listed(stat, name)
            }),
            expected: of("raid_disks"),
            missing: of("degraded"),
            state: Some(state),
            action: root.attribute(format!("{at}/sync_action")),
            progress: root
                .attribute(format!("{at}/sync_completed"))
                .and_then(|text| progress(&text)),
            mismatches: of("mismatch_cnt"),
        };
        if array.disks.is_none() {
            run.skip(name, "a disk does not say its state");
        }
        arrays.insert(name.clone(), array);
    }
    arrays
}

/// Counts the folders `dev-*`, of which each has a file that says what the disk is.
fn disks(root: &Root, at: &str) -> Option<Disks> {
    let mut disks = Disks::default();
    for name in root.list(at).ok()? {
        if name.starts_with("dev-") {
            let state = root.attribute(format!("{at}/{name}/state"))?;
            disks.add(&state);
        }
    }
    (disks != Disks::default()).then_some(disks)
}

impl Disks {
    /// A disk may be several things at once: `faulty,write_error`. The worst one counts.
    fn add(&mut self, state: &str) {
        let is = |word: &str| state.split(',').any(|part| part == word);
        *if is("faulty") {
            &mut self.failed
        } else if is("in_sync") {
            &mut self.active
        } else if is("spare") {
            &mut self.spare
        } else {
            &mut self.other
        } += 1;
    }
}

/// `12345 / 63488`; `none` and `delayed` are no numbers.
fn progress(text: &str) -> Option<(u64, u64)> {
    let (done, all) = text.split_once(" / ")?;
    let (done, all) = (text::number(done)?, text::number(all)?);
    (all > 0 && done <= all).then_some((done, all))
}

/// The disks of an array in `/proc/mdstat`: `md0 : active raid1 vdc[1] vdb[0](F)`.
fn listed(mdstat: &str, array: &str) -> Option<Disks> {
    let line = text::lines(mdstat).find(|line| line.split(' ').next() == Some(array))?;
    let (_, words) = line.split_once(" : ")?;
    let mut disks = Disks::default();
    for word in words.split(' ') {
        // `vdb[0](F)`; what has no brackets is a state or a level.
        let Some((_, rest)) = word.split_once('[') else {
            continue;
        };
        let (slot, flags) = rest.split_once(']')?;
        text::number::<u32>(slot)?;
        *match flags {
            "" | "(W)" | "(R)" => &mut disks.active,
            "(S)" => &mut disks.spare,
            _ if flags.contains("(F)") => &mut disks.failed,
            _ => &mut disks.other,
        } += 1;
    }
    (disks != Disks::default()).then_some(disks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_failed_is_failed_whatever_else_it_is() {
        let mut disks = Disks::default();
        for state in [
            "in_sync",
            "in_sync,write_mostly",
            "spare",
            "faulty,in_sync",
            "journal",
        ] {
            disks.add(state);
        }
        let expected = Disks {
            active: 2,
            spare: 1,
            failed: 1,
            other: 1,
        };
        assert_eq!(disks, expected);
    }

    #[test]
    fn mdstat_marks_disks_that_are_not_in_use() {
        let text = "Personalities : [raid1]\n\
            md10 : active raid1 sdx[0]\n\
            md1 : active (auto-read-only) raid1 sda[0] sdb[1](F) sdc[2](S) sdd[3](J)\n";
        let expected = Disks {
            active: 1,
            spare: 1,
            failed: 1,
            other: 1,
        };
        assert_eq!(listed(text, "md1"), Some(expected));
        assert_eq!(listed(text, "md"), None);
        assert_eq!(listed("md1 : active raid1 sda[0] sd", "md1"), None, "cut");
        assert_eq!(listed("md1 : inactive\n", "md1"), None);
    }

    #[test]
    fn progress_is_a_part_of_a_whole() {
        assert_eq!(progress("12 / 48"), Some((12, 48)));
        for none in ["none", "delayed", "0 / 0", "49 / 48", "1 /", "x / 2"] {
            assert_eq!(progress(none), None, "{none}");
        }
    }
}
