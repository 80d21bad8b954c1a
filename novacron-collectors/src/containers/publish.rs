//! A reading, as metrics.

use novacron_telemetry::catalog::container::{
    ContainerInfoLabelsRef, ContainerIoLabelsRef, ContainerLabels, ContainerLabelsRef,
    ContainerMemoryEventLabelsRef, ContainerPressureLabelsRef, ContainerState,
    ContainerStateLabels, ContainerTrafficLabelsRef, MemoryEvent,
};
use novacron_telemetry::catalog::system::{PressureKind, PressureResource};
use novacron_telemetry::catalog::{Access, ContainerMetrics, Flow};
use novacron_telemetry::metric::{Collected, CollectedKind};

use super::collector::{Container, ContainersReading};
use super::net::Passed;
use super::stat::Io;

pub(super) fn publish(reading: &ContainersReading, metrics: &ContainerMetrics) {
    let ContainersReading { containers, states } = reading;
    metrics
        .containers
        .replace_all(states.iter().map(|(runtime, state, count)| {
            let labels = ContainerStateLabels {
                runtime: *runtime,
                state: *state,
            };
            (labels, *count as f64)
        }));
    metrics
        .container_info
        .replace_all(containers.iter().map(|c| {
            let labels = ContainerInfoLabelsRef {
                name: &c.name,
                runtime: c.runtime,
                container_id: c.id.short(),
                image: c.image.as_deref().unwrap_or_default(),
            };
            (labels, 1.0)
        }));
    about(containers, metrics);
    usage(containers, metrics);
    parts(containers, metrics);
    traffic(containers, metrics);
}

/// Shows the value that each container has of something, if it has one.
fn show<M: CollectedKind>(
    family: &Collected<ContainerLabels, M>,
    containers: &[Container],
    value: impl Fn(&Container) -> Option<f64>,
) {
    family.replace_all(containers.iter().filter_map(|container| {
        let labels = ContainerLabelsRef {
            name: &container.name,
            runtime: container.runtime,
        };
        Some((labels, value(container)?))
    }));
}

fn whole(value: Option<u64>) -> Option<f64> {
    value.map(|value| value as f64)
}

fn truth(value: bool) -> f64 {
    f64::from(u8::from(value))
}

/// What the runtime says.
fn about(containers: &[Container], metrics: &ContainerMetrics) {
    show(&metrics.container_up, containers, |c| {
        Some(truth(c.state == ContainerState::Running))
    });
    show(&metrics.container_restart_total, containers, |c| {
        whole(c.details.as_ref()?.restarts)
    });
    show(&metrics.container_healthy, containers, |c| {
        c.details.as_ref()?.healthy.map(truth)
    });
    show(&metrics.container_start_time_seconds, containers, |c| {
        c.started
    });
    show(&metrics.container_filesystem_usage_bytes, containers, |c| {
        whole(c.details.as_ref()?.writable_bytes)
    });
}

/// What the kernel says.
fn usage(containers: &[Container], metrics: &ContainerMetrics) {
    show(&metrics.container_cpu_seconds_total, containers, |c| {
        c.usage.cpu_seconds
    });
    show(&metrics.container_cpu_limit_cores, containers, |c| {
        c.usage.cpu_limit_cores
    });
    show(&metrics.container_cpu_periods_total, containers, |c| {
        whole(c.usage.cpu_periods)
    });
    show(
        &metrics.container_cpu_throttled_periods_total,
        containers,
        |c| whole(c.usage.cpu_throttled_periods),
    );
    show(
        &metrics.container_cpu_throttled_seconds_total,
        containers,
        |c| c.usage.cpu_throttled_seconds,
    );
    show(&metrics.container_memory_usage_bytes, containers, |c| {
        whole(c.usage.memory_bytes)
    });
    show(
        &metrics.container_memory_working_set_bytes,
        containers,
        |c| whole(c.usage.working_set_bytes),
    );
    show(&metrics.container_memory_limit_bytes, containers, |c| {
        c.usage.memory_limit_bytes
    });
    show(&metrics.container_memory_swap_bytes, containers, |c| {
        whole(c.usage.swap_bytes)
    });
    show(&metrics.container_oom_kills_total, containers, |c| {
        whole(c.usage.oom_kills)
    });
    show(&metrics.container_tasks, containers, |c| {
        whole(c.usage.tasks)
    });
    show(&metrics.container_tasks_limit, containers, |c| {
        c.usage.tasks_limit
    });
}

/// What the kernel tells apart once more: events, directions, resources.
fn parts(containers: &[Container], metrics: &ContainerMetrics) {
    use PressureResource::{Cpu, Io as Device, Irq, Memory};

    metrics
        .container_memory_events_total
        .replace_all(containers.iter().flat_map(|c| {
            let events = MemoryEvent::ALL.iter().zip(c.usage.memory_events);
            events.filter_map(|(event, count)| {
                let labels = ContainerMemoryEventLabelsRef {
                    name: &c.name,
                    runtime: c.runtime,
                    event: *event,
                };
                Some((labels, count? as f64))
            })
        }));
    let io = |value: fn(&Io) -> [u64; 2]| {
        containers.iter().flat_map(move |c| {
            let values = c.usage.io.as_ref().map(value);
            values.into_iter().flat_map(move |[read, written]| {
                [(Access::Read, read), (Access::Write, written)].map(|(direction, value)| {
                    let labels = ContainerIoLabelsRef {
                        name: &c.name,
                        runtime: c.runtime,
                        direction,
                    };
                    (labels, value as f64)
                })
            })
        })
    };
    metrics
        .container_io_bytes_total
        .replace_all(io(|io| [io.read_bytes, io.written_bytes]));
    metrics
        .container_io_operations_total
        .replace_all(io(|io| [io.reads, io.writes]));
    metrics
        .container_pressure_stall_seconds_total
        .replace_all(containers.iter().flat_map(|c| {
            let resources = [Cpu, Memory, Device, Irq].into_iter().zip(c.usage.pressure);
            resources.flat_map(move |(resource, seconds)| {
                let kinds = [PressureKind::Some, PressureKind::Full];
                kinds
                    .into_iter()
                    .zip(seconds)
                    .filter_map(move |(kind, seconds)| {
                        let labels = ContainerPressureLabelsRef {
                            name: &c.name,
                            runtime: c.runtime,
                            resource,
                            kind,
                        };
                        Some((labels, seconds?))
                    })
            })
        }));
}

/// What passed its network.
fn traffic(containers: &[Container], metrics: &ContainerMetrics) {
    let both = |value: fn(&Passed) -> u64| {
        containers.iter().flat_map(move |c| {
            c.traffic.iter().flat_map(move |traffic| {
                [
                    (Flow::Receive, &traffic.received),
                    (Flow::Transmit, &traffic.transmitted),
                ]
                .map(|(direction, passed)| {
                    let labels = ContainerTrafficLabelsRef {
                        name: &c.name,
                        runtime: c.runtime,
                        direction,
                    };
                    (labels, value(passed) as f64)
                })
            })
        })
    };
    let passed = both;
    metrics
        .container_network_bytes_total
        .replace_all(passed(|p| p.bytes));
    metrics
        .container_network_packets_total
        .replace_all(passed(|p| p.packets));
    metrics
        .container_network_errors_total
        .replace_all(passed(|p| p.errors));
    metrics
        .container_network_drops_total
        .replace_all(passed(|p| p.drops));
}
