//! What was read of the CPUs, as families of the catalog.

use novacron_telemetry::catalog::SystemMetrics;
use novacron_telemetry::catalog::system::{
    CpuLabelsRef, CpuMode, CpuTimeLabelsRef, LoadLabels, LoadPeriod, PackageLabelsRef,
    PressureKind, PressureLabels, PressureResource, ProcessState, ProcessStateLabels,
};

use super::super::{USER_HZ, show, show_total};
use super::CpuReading;

pub(super) fn publish(reading: &CpuReading, metrics: &SystemMetrics) {
    time(reading, metrics);
    show(&metrics.cpu_usage_percent, reading.busy_percent);
    show(&metrics.cpu_cores, reading.online.map(|cores| cores as f64));
    let stat = &reading.stat;
    show(&metrics.boot_time_seconds, stat.boot_time);
    show(&metrics.tasks_runnable, stat.runnable);
    show(&metrics.tasks_blocked, stat.blocked);
    show_total(&metrics.interrupts_total, stat.interrupts);
    show_total(&metrics.soft_interrupts_total, stat.soft_interrupts);
    show_total(&metrics.context_switches_total, stat.context_switches);
    show_total(&metrics.tasks_created_total, stat.created);
    metrics.load_average.replace_all(
        LoadPeriod::ALL
            .iter()
            .zip(reading.load)
            .filter_map(|(period, load)| Some((LoadLabels { period: *period }, load?))),
    );
    pressure(reading, metrics);
    show(
        &metrics.open_file_descriptors,
        reading.files.map(|(open, _)| open),
    );
    show(
        &metrics.file_descriptors_limit,
        reading.files.map(|(_, limit)| limit),
    );
    slow(reading, metrics);
}

fn time(reading: &CpuReading, metrics: &SystemMetrics) {
    let cores = &reading.stat.cores;
    let modes = || CpuMode::ALL.iter().copied().enumerate();
    if reading.per_cpu {
        let names: Vec<String> = cores.iter().map(|core| core.index.to_string()).collect();
        metrics
            .cpu_seconds_total
            .replace_all(cores.iter().zip(&names).flat_map(|(core, cpu)| {
                modes().filter_map(move |(at, mode)| {
                    let ticks = core.ticks[at]? as f64;
                    Some((CpuTimeLabelsRef { cpu, mode }, ticks / USER_HZ))
                })
            }));
    } else {
        metrics
            .cpu_seconds_total
            .replace_all(modes().filter_map(|(at, mode)| {
                // Of a sum, every part is known or the sum is not.
                let ticks: Option<f64> = cores
                    .iter()
                    .map(|core| core.ticks[at].map(|t| t as f64))
                    .sum();
                let seconds = ticks.filter(|_| !cores.is_empty())? / USER_HZ;
                Some((CpuTimeLabelsRef { cpu: "all", mode }, seconds))
            }));
    }
}

fn pressure(reading: &CpuReading, metrics: &SystemMetrics) {
    let of = |resource: PressureResource| {
        let stalls = reading.stalls[resource as usize];
        // At the level of the host the kernel writes a 0 that is not measured.
        let full = stalls.full.filter(|_| resource != PressureResource::Cpu);
        [
            (PressureKind::Some, stalls.some),
            (PressureKind::Full, full),
        ]
        .into_iter()
        .filter_map(move |(kind, micros)| {
            Some((PressureLabels { resource, kind }, micros? as f64 / 1e6))
        })
    };
    metrics
        .pressure_stall_seconds_total
        .replace_all(PressureResource::ALL.iter().copied().flat_map(of));
}

fn slow(reading: &CpuReading, metrics: &SystemMetrics) {
    let slow = &reading.slow;
    metrics
        .processes
        .replace_all(slow.processes.into_iter().flat_map(|processes| {
            [
                (ProcessState::Running, processes.running),
                (ProcessState::Sleeping, processes.sleeping),
                (ProcessState::DiskSleep, processes.disk_sleep),
                (ProcessState::Stopped, processes.stopped),
                (ProcessState::Zombie, processes.zombie),
                (ProcessState::Idle, processes.idle),
            ]
            .map(|(state, processes)| (ProcessStateLabels { state }, f64::from(processes)))
        }));
    let named = |of: &std::collections::BTreeMap<u32, u64>| -> Vec<(String, f64)> {
        of.iter()
            .map(|(index, value)| (index.to_string(), *value as f64))
            .collect()
    };
    metrics.cpu_frequency_hertz.replace_all(
        named(&slow.kilohertz)
            .iter()
            .map(|(cpu, kilohertz)| (CpuLabelsRef { cpu }, kilohertz * 1e3)),
    );
    metrics.thermal_throttle_total.replace_all(
        named(&slow.throttles)
            .iter()
            .map(|(cpu, events)| (CpuLabelsRef { cpu }, *events)),
    );
    metrics.thermal_package_throttle_total.replace_all(
        named(&slow.package_throttles)
            .iter()
            .map(|(package, events)| (PackageLabelsRef { package }, *events)),
    );
}
