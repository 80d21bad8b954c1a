//! What was read of file systems, as families of the catalog.

use novacron_telemetry::catalog::SystemMetrics;
use novacron_telemetry::catalog::system::{
    FilesystemLabelsRef, FilesystemSourceLabelsRef, MountPointLabelsRef,
};

use super::{FilesystemReading, Space, State};

pub(super) fn publish(reading: &FilesystemReading, metrics: &SystemMetrics) {
    let mounts = || reading.mounts.iter().map(|(mount, state)| (mount, *state));
    metrics
        .filesystem_info
        .replace_all(mounts().map(|(mount, _)| {
            let labels = FilesystemLabelsRef {
                mount_point: &mount.name,
                filesystem: &mount.kind,
            };
            (labels, 1.0)
        }));
    metrics
        .filesystem_source_info
        .replace_all(mounts().map(|(mount, _)| {
            let labels = FilesystemSourceLabelsRef {
                mount_point: &mount.name,
                device: &mount.source,
            };
            (labels, 1.0)
        }));
    let fact = |yes: bool| f64::from(u8::from(yes));
    let of_state = |is: fn(State) -> Option<bool>| {
        mounts().filter_map(move |(mount, state)| {
            let mount_point = mount.name.as_str();
            Some((MountPointLabelsRef { mount_point }, fact(is(state)?)))
        })
    };
    metrics
        .filesystem_read_only
        .replace_all(mounts().map(|(mount, _)| {
            let mount_point = mount.name.as_str();
            (MountPointLabelsRef { mount_point }, fact(mount.read_only))
        }));
    metrics
        .filesystem_device_error
        .replace_all(of_state(|state| match state {
            State::Answers(_) => Some(false),
            State::Error => Some(true),
            State::Stuck | State::Unknown => None,
        }));
    metrics
        .filesystem_stuck
        .replace_all(of_state(|state| match state {
            State::Answers(_) | State::Error => Some(false),
            State::Stuck => Some(true),
            State::Unknown => None,
        }));
    let of_space = |value: fn(Space) -> Option<f64>| {
        mounts().filter_map(move |(mount, state)| {
            let State::Answers(space) = state else {
                return None;
            };
            let mount_point = mount.name.as_str();
            Some((MountPointLabelsRef { mount_point }, value(space)?))
        })
    };
    metrics
        .disk_size_bytes
        .replace_all(of_space(|space| bytes(space, space.blocks)));
    metrics.disk_usage_bytes.replace_all(of_space(|space| {
        bytes(space, space.blocks.checked_sub(space.free)?)
    }));
    metrics
        .filesystem_available_bytes
        .replace_all(of_space(|space| bytes(space, space.available)));
    metrics
        .filesystem_inodes
        .replace_all(of_space(|space| inodes(space, space.inodes)));
    metrics
        .disk_inodes_free
        .replace_all(of_space(|space| inodes(space, space.inodes_free)));
}

/// A file system without blocks holds nothing, and is not full.
fn bytes(space: Space, blocks: u64) -> Option<f64> {
    (space.blocks > 0).then_some(blocks as f64 * space.block_bytes as f64)
}

/// One that makes inodes as needed says that it has none.
fn inodes(space: Space, inodes: u64) -> Option<f64> {
    (space.inodes > 0).then_some(inodes as f64)
}
