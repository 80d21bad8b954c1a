//! What was read of disks and arrays, as families of the catalog.

use novacron_telemetry::catalog::system::{
    DeviceLabelsRef, DiskLabelsRef, DiskOperation, DiskOperationLabelsRef, RaidDiskLabelsRef,
    RaidDiskState, RaidState, RaidStateLabelsRef, RaidSyncAction, RaidSyncLabelsRef,
};
use novacron_telemetry::catalog::{Access, SystemMetrics};

use super::DiskReading;
use super::diskstats::{Disk, Operations};
use super::raid::Array;

/// The kernel's sectors, whatever those of the device are.
const SECTOR: f64 = 512.0;

pub(super) fn publish(reading: &DiskReading, metrics: &SystemMetrics) {
    disks(&reading.disks, metrics);
    metrics.disk_capacity_bytes.replace_all(
        reading
            .sectors
            .iter()
            .map(|(device, sectors)| (DeviceLabelsRef { device }, *sectors as f64 * SECTOR)),
    );
    arrays(reading, metrics);
}

fn disks(disks: &[Disk], metrics: &SystemMetrics) {
    let of = |value: fn(&Disk) -> Option<u64>, unit: f64| {
        disks.iter().filter_map(move |disk| {
            let device = disk.name.as_str();
            Some((DeviceLabelsRef { device }, value(disk)? as f64 * unit))
        })
    };
    // Divided, not multiplied: 0.001 is not a float, and 57 ms are to be 0.057 s.
    let seconds = |value: fn(&Disk) -> Option<u64>| of(value, 1.0).map(|(key, ms)| (key, ms / 1e3));
    metrics
        .disk_io_bytes_total
        .replace_all(disks.iter().flat_map(|disk| {
            let device = disk.name.as_str();
            [(Access::Read, disk.reads), (Access::Write, disk.writes)]
                .into_iter()
                .filter_map(move |(direction, operations)| {
                    let bytes = operations.sectors? as f64 * SECTOR;
                    Some((DiskLabelsRef { device, direction }, bytes))
                })
        }));
    metrics
        .disk_io_seconds_total
        .replace_all(seconds(|disk| disk.busy_ms));
    metrics
        .disk_io_weighted_seconds_total
        .replace_all(seconds(|disk| disk.weighted_ms));
    metrics
        .disk_discarded_bytes_total
        .replace_all(of(|disk| disk.discards.sectors, SECTOR));
    metrics
        .disk_operations_in_flight
        .replace_all(of(|disk| disk.in_flight, 1.0));

    metrics
        .disk_operations_total
        .replace_all(by_operation(disks, |o| o.completed));
    metrics
        .disk_merged_operations_total
        .replace_all(by_operation(disks, |o| o.merged));
    metrics
        .disk_operation_seconds_total
        .replace_all(by_operation(disks, |o| o.ms).map(|(key, ms)| (key, ms / 1e3)));
}

fn by_operation(
    disks: &[Disk],
    value: fn(&Operations) -> Option<u64>,
) -> impl Iterator<Item = (DiskOperationLabelsRef<'_>, f64)> {
    disks.iter().flat_map(move |disk| {
        let device = disk.name.as_str();
        [
            (DiskOperation::Read, disk.reads),
            (DiskOperation::Write, disk.writes),
            (DiskOperation::Discard, disk.discards),
            (DiskOperation::Flush, disk.flushes),
        ]
        .into_iter()
        .filter_map(move |(operation, operations)| {
            let value = value(&operations)? as f64;
            Some((DiskOperationLabelsRef { device, operation }, value))
        })
    })
}

fn arrays(reading: &DiskReading, metrics: &SystemMetrics) {
    let arrays = || {
        reading
            .arrays
            .iter()
            .map(|(name, array)| (name.as_str(), array))
    };
    metrics.raid_disks.replace_all(
        arrays()
            .filter_map(|(device, array)| Some((device, array.disks?)))
            .flat_map(|(device, disks)| {
                [
                    (RaidDiskState::Active, disks.active),
                    (RaidDiskState::Spare, disks.spare),
                    (RaidDiskState::Failed, disks.failed),
                    (RaidDiskState::Other, disks.other),
                ]
                .map(|(state, disks)| (RaidDiskLabelsRef { device, state }, f64::from(disks)))
            }),
    );
    let of = |value: fn(&Array) -> Option<f64>| {
        arrays()
            .filter_map(move |(device, array)| Some((DeviceLabelsRef { device }, value(array)?)))
    };
    metrics
        .raid_disks_expected
        .replace_all(of(|array| Some(array.expected? as f64)));
    metrics
        .raid_disks_missing
        .replace_all(of(|array| Some(array.missing? as f64)));
    metrics
        .raid_mismatched_sectors
        .replace_all(of(|array| Some(array.mismatches? as f64)));
    metrics.raid_sync_progress_ratio.replace_all(of(|array| {
        let (done, all) = array.progress?;
        Some(done as f64 / all as f64)
    }));
    metrics
        .raid_state
        .replace_all(arrays().filter_map(|(device, array)| {
            let state = RaidState::parse(&array.state.as_ref()?.replace('-', "_"))?;
            Some((RaidStateLabelsRef { device, state }, 1.0))
        }));
    metrics
        .raid_sync_action
        .replace_all(arrays().filter_map(|(device, array)| {
            let action = RaidSyncAction::parse(array.action.as_deref()?)?;
            Some((RaidSyncLabelsRef { device, action }, 1.0))
        }));
}
