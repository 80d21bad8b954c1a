//! GPUs, through a management library that is made here: no GPU is needed, and none is tested. What a
//! driver of NVIDIA's answers on a card is not shown by these tests.
#![cfg(all(target_os = "linux", feature = "gpu"))]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use novacron_collectors::Root;
use novacron_collectors::gpu::{Gpu, GpuCollector, GpuSettings, GpuSource};
use novacron_telemetry::Telemetry;
use novacron_telemetry::catalog::GpuMetrics;
use novacron_telemetry::collect::{CollectError, CollectErrorKind, Collector, Run, Schedule};
use novacron_telemetry::metric::{Descriptor, Writer};
use novacron_telemetry::registry::{MetricGroup, Registry};

/// Compiles a library that behaves so; `None` where there is no C compiler.
fn library(folder: &Path, flags: &[&str]) -> Option<PathBuf> {
    let path = folder.join(format!(
        "libfake{}.so",
        flags.concat().replace(['/', '"'], "_")
    ));
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-w", "-o"])
        .arg(&path)
        .args(flags)
        .arg(support::fixture("nvml/fake.c"))
        .status();
    match status {
        Ok(status) => {
            assert!(status.success(), "the library is not compiled");
            Some(path)
        }
        Err(_) => {
            assert!(
                std::env::var_os("NOVACRON_TEST").is_none_or(|test| test != "strict"),
                "there is no C compiler"
            );
            None
        }
    }
}

/// One reading of a library, beside the bus of the fixtures or an empty one.
fn read(flags: &[&str], root: &Path) -> Option<(Result<String, CollectErrorKind>, Vec<String>)> {
    let folder = tempfile::tempdir().unwrap();
    let settings = GpuSettings {
        library: Some(library(folder.path(), flags)?),
    };
    let registry = Registry::new();
    let metrics: GpuMetrics = registry.register().unwrap();
    let mut collector = GpuCollector::new(Root::new(root), settings);
    let mut run = Run::within(Duration::from_secs(5));
    let read = collector.read(&mut run).map_err(|error| error.kind());
    let shown = read.map(|reading| {
        GpuCollector::publish(&reading, &metrics);
        registry.render()
    });
    Some((shown, run.skipped_targets().to_vec()))
}

fn series(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with('#')).collect()
}

#[test]
fn what_a_driver_says_is_shown_in_base_units() {
    let Some((shown, skipped)) = read(&["-DMODE=0"], &support::fixture("gpu")) else {
        return;
    };
    let text = shown.unwrap();
    assert_eq!(skipped, [""; 0]);
    for Descriptor { name, writer, .. } in GpuMetrics::DESCRIPTORS {
        assert_eq!(*writer, Writer::Collector("gpu"), "{name}");
        assert!(text.contains(&format!("\n{name}{{")), "{name}");
    }
    support::golden("gpu.prom", &text);
}

#[test]
fn a_gpu_that_is_lost_is_left_out_and_the_other_stays() {
    let empty = tempfile::tempdir().unwrap();
    let Some((shown, skipped)) = read(&["-DMODE=1"], empty.path()) else {
        return;
    };
    let text = shown.unwrap();
    assert_eq!(skipped.len(), 1);
    assert!(
        skipped[0].starts_with("gpu 0: ") && skipped[0].contains("fell off"),
        "{skipped:?}"
    );
    assert!(!text.contains("GPU-11111111") && text.contains("GPU-22222222"));
}

#[test]
fn nonsense_is_no_value_and_no_label() {
    let empty = tempfile::tempdir().unwrap();
    let Some((shown, _)) = read(&["-DMODE=3"], empty.path()) else {
        return;
    };
    // Two GPUs are there, called by their numbers; nothing that was said of them is believed.
    assert_eq!(
        series(&shown.unwrap()),
        [
            "novacron_gpu_info{gpu_id=\"0\"} 1",
            "novacron_gpu_info{gpu_id=\"1\"} 1"
        ]
    );
}

#[test]
fn a_driver_that_is_not_there_is_absent_and_a_broken_one_failed() {
    let empty = tempfile::tempdir().unwrap();
    let kind = |flag: &str| read(&[flag], empty.path()).map(|(shown, _)| shown.unwrap_err());
    let Some(not_loaded) = kind("-DMODE=4") else {
        return;
    };
    assert_eq!(not_loaded, CollectErrorKind::Absent);
    assert_eq!(kind("-DMODE=5"), Some(CollectErrorKind::Failed));
    assert_eq!(kind("-DMODE=6"), Some(CollectErrorKind::Failed));

    // No library at all, and one that is none.
    for path in ["none.so", "text.so"] {
        let path = empty.path().join(path);
        if path.ends_with("text.so") {
            std::fs::write(&path, "not a library").unwrap();
        }
        let settings = GpuSettings {
            library: Some(path),
        };
        let mut collector = GpuCollector::new(Root::new(empty.path()), settings);
        let mut run = Run::within(Duration::from_secs(5));
        let error = collector.read(&mut run).unwrap_err();
        assert_eq!(error.kind(), CollectErrorKind::Absent, "{error}");
    }
}

#[test]
fn gpus_of_guests_are_seen_without_any_driver() {
    let settings = GpuSettings {
        library: Some("/nowhere/libnvidia-ml.so.1".into()),
    };
    let registry = Registry::new();
    let metrics: GpuMetrics = registry.register().unwrap();
    let mut collector = GpuCollector::new(Root::new(support::fixture("gpu")), settings);
    let mut run = Run::within(Duration::from_secs(5));
    let reading = collector.read(&mut run).unwrap();
    GpuCollector::publish(&reading, &metrics);
    assert_eq!(
        run.skipped(),
        0,
        "a driver that is not there is nothing amiss"
    );
    assert_eq!(
        series(&registry.render()),
        [
            "novacron_gpu_passthrough{gpu_id=\"0000:03:00.0\"} 0",
            "novacron_gpu_passthrough{gpu_id=\"0000:3b:00.0\"} 0",
            "novacron_gpu_passthrough{gpu_id=\"0000:af:00.0\"} 0",
            "novacron_gpu_passthrough{gpu_id=\"0000:d8:00.0\"} 1",
        ]
    );
}

#[test]
fn a_call_that_hangs_holds_nobody_up_and_is_not_made_twice() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("asked");
    let log_flag = format!("-DLOG=\"{}\"", log.display());
    let Some(library) = library(folder.path(), &["-DMODE=2", "-DHANG=3", &log_flag]) else {
        return;
    };
    let telemetry = Telemetry::builder("test", "0.0.0").build().unwrap();
    let settings = GpuSettings {
        library: Some(library),
    };
    let collector = GpuCollector::new(Root::new(folder.path()), settings);
    let schedule = Schedule::every(Duration::from_millis(200)).deadline(Duration::from_millis(200));
    telemetry.collect_with(collector, schedule).unwrap();

    let start = Instant::now();
    let stuck = "novacron_collector_stuck_seconds{collector=\"gpu\"}";
    while !telemetry.render().contains(stuck) {
        assert!(
            start.elapsed() < Duration::from_secs(3),
            "it is not seen to be stuck"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    // Several intervals later it still hangs in its first call, and scrapes are answered at once.
    std::thread::sleep(Duration::from_secs(1));
    let scrape = Instant::now();
    assert!(telemetry.render().contains(stuck));
    assert!(
        scrape.elapsed() < Duration::from_millis(50),
        "{:?}",
        scrape.elapsed()
    );
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "asked\n");
    assert!(telemetry.shutdown_blocking(Duration::from_secs(10)).is_ok());
}

/// A driver of somebody else's.
struct Two;

impl GpuSource for Two {
    fn gpus(&mut self, _: &mut Run) -> Result<Vec<Gpu>, CollectError> {
        let gpu = |id: &str| Gpu {
            id: id.into(),
            temperature_celsius: Some(50.0),
            ..Gpu::default()
        };
        Ok(vec![gpu("card0"), gpu("card1")])
    }
}

#[test]
fn another_driver_can_be_read_in_its_place() {
    let empty = tempfile::tempdir().unwrap();
    let registry = Registry::new();
    let metrics: GpuMetrics = registry.register().unwrap();
    let mut collector = GpuCollector::with_source(Root::new(empty.path()), Two);
    let mut run = Run::within(Duration::from_secs(5));
    GpuCollector::publish(&collector.read(&mut run).unwrap(), &metrics);
    assert_eq!(metrics.temperature_celsius.len(), 2);
    // Nothing is known: nothing is shown.
    GpuCollector::publish(&Default::default(), &metrics);
    assert_eq!(series(&registry.render()), [""; 0]);
}
