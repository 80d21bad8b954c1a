//! `/proc/diskstats`: what block devices did since they appeared.

use crate::text;

/// What one line says. Numbers wrap at the kernel's word; they are shown as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    /// Name of the device, as in `/sys/block`; of a partition, as below that.
    pub name: String,
    /// Reads: how many, merged, sectors, milliseconds.
    pub reads: Operations,
    /// Writes.
    pub writes: Operations,
    /// Discards. Since Linux 4.18.
    pub discards: Operations,
    /// Flushes; the kernel does not count what they write. Since Linux 5.5.
    pub flushes: Operations,
    /// Operations under way.
    pub in_flight: Option<u64>,
    /// Milliseconds in which something was under way.
    pub busy_ms: Option<u64>,
    /// The same, times what was under way.
    pub weighted_ms: Option<u64>,
}

/// One kind of operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operations {
    /// Completed.
    pub completed: Option<u64>,
    /// Merged into others before the device saw them.
    pub merged: Option<u64>,
    /// Sectors of 512 bytes, whatever the device's own are.
    pub sectors: Option<u64>,
    /// Milliseconds that the completed ones took, together.
    pub ms: Option<u64>,
}

/// Columns before the numbers: major, minor, name.
const NAMES: usize = 3;
/// Columns of a kernel before 4.18, which is the least that is read. Kernels before 2.6.25 have
/// shorter lines for partitions, with other numbers.
const LEAST: usize = NAMES + 11;

/// Reads lines of 14, 18 or 20 columns or more; shorter ones are left out.
#[must_use]
pub fn parse(text: &str) -> Vec<Disk> {
    let disks = text::lines(text).filter_map(|line| {
        let columns: Vec<&str> = line.split_ascii_whitespace().collect();
        if columns.len() < LEAST {
            return None;
        }
        let number = |at: usize| text::number::<u64>(columns.get(NAMES + at)?);
        let operations = |from: usize| Operations {
            completed: number(from),
            merged: number(from + 1),
            sectors: number(from + 2),
            ms: number(from + 3),
        };
        Some(Disk {
            name: columns[2].to_owned(),
            reads: operations(0),
            writes: operations(4),
            discards: operations(11),
            flushes: Operations {
                completed: number(15),
                ms: number(16),
                ..Operations::default()
            },
            // Kernels have let it fall below 0; a device with billions under way there is none.
            in_flight: number(8).filter(|under_way| *under_way <= u64::from(u32::MAX >> 1)),
            busy_ms: number(9),
            weighted_ms: number(10),
        })
    });
    disks.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(columns: usize) -> String {
        let numbers: Vec<String> = (1..=columns - NAMES).map(|n| n.to_string()).collect();
        format!("   8       0 sda {}\n", numbers.join(" "))
    }

    #[test]
    fn kernels_have_14_18_or_20_columns() {
        for (columns, discards, flushes) in [
            (14, None, None),
            (18, Some(12), None),
            (20, Some(12), Some(16)),
            (23, Some(12), Some(16)),
        ] {
            let disk = &parse(&line(columns))[0];
            assert_eq!((disk.reads.completed, disk.writes.ms), (Some(1), Some(8)));
            assert_eq!((disk.in_flight, disk.weighted_ms), (Some(9), Some(11)));
            assert_eq!(disk.discards.completed, discards, "{columns}");
            assert_eq!(disk.flushes.completed, flushes, "{columns}");
            assert_eq!(disk.flushes.sectors, None);
        }
        assert!(parse(&line(13)).is_empty());
        assert!(
            parse("8 1 sda1 1 2 3 4\n").is_empty(),
            "a partition of an old kernel"
        );
    }

    #[test]
    fn what_is_broken_or_below_zero_is_none() {
        let disk = &parse("8 0 sda 1 x 3 4 5 6 7 8 4294967295 -10 11\n")[0];
        assert_eq!(disk.reads.merged, None);
        assert_eq!(disk.reads.sectors, Some(3));
        assert_eq!(disk.in_flight, None);
        assert_eq!(disk.busy_ms, None);
        assert!(parse("8 0 sda 1 2 3 4 5 6 7 8 9 10 11").is_empty(), "cut");
    }
}
