//! Nova RC5's own alerts and panels, evaluated by a real Prometheus over the names of profile
//! `nova-rc5`.

use std::time::Duration;

use crate::exporter::Exporter;
use crate::lab::{Lab, Part, Side, said, wait_for};
use crate::prometheus::Prometheus;

/// The alerts as Nova RC5 documents them, each with its expression, untouched.
const ALERTS: &[(&str, &str, &str)] = &[
    ("NovaExporterDown", "critical", "absent(nova_vm_status)"),
    (
        "NovaVmUnresponsive",
        "high",
        "max_over_time(nova_vm_status{state=\"running\"}[15m]) == 0",
    ),
    (
        "NovaNetworkDrops",
        "medium",
        "increase(nova_network_rx_drops_total[10m]) > 0",
    ),
    (
        "NovaDocsSearchFailure",
        "low",
        "avg_over_time(nova_docs_search_failure_ratio[30m]) > 0.3",
    ),
];

/// What its dashboards show, by dashboard; every one of these has data on a host with guests and
/// containers.
const PANELS: &[(&str, &str)] = &[
    (
        "Overview: VMs",
        "count(nova_vm_status{state=\"running\"} == 1)",
    ),
    (
        "Overview: containers",
        "count(nova_container_restart_total)",
    ),
    ("Overview: health", "nova_exporter_build_info"),
    ("Overview: memory", "nova_host_memory_bytes"),
    (
        "VM Deep Dive: top CPU",
        "topk(5, rate(nova_vm_cpu_seconds_total[10s]))",
    ),
    (
        "VM Deep Dive: transitions",
        "changes(nova_vm_status{state=\"running\"}[1m])",
    ),
    (
        "Networking: received",
        "sum by (switch) (rate(nova_network_rx_bytes_total[10s]))",
    ),
    (
        "Networking: sent",
        "sum by (switch) (rate(nova_network_tx_bytes_total[10s]))",
    ),
    (
        "Networking: drops",
        "sum by (switch, interface) (increase(nova_network_rx_drops_total[1m]))",
    ),
];

/// What only the host's own program can count: they must evaluate, but a host exporter has no
/// data for them.
const OF_OTHERS: &[(&str, &str)] = &[
    (
        "Support Ops: bundles",
        "sum by (mode) (rate(nova_support_bundle_generated_total[5m]))",
    ),
    ("Support Ops: search", "1 - nova_docs_search_failure_ratio"),
];

#[test]
fn alerts_and_panels_of_nova_rc5_work_as_documented() {
    let test = "alerts_and_panels_of_nova_rc5_work_as_documented";
    let parts = [Part::Libvirt, Part::Podman, Part::Prometheus];
    let Some(lab) = Lab::enter(test, &parts) else {
        return;
    };
    let guest = lab.guest(4);
    // Defined, but off: what "unresponsive" means to an alert that looks back.
    let off = lab.defined_guest(5);
    lab.script(
        "podman",
        &["rm", "--force", "--ignore", "--time", "0", "lab-rc5"],
    );
    lab.script(
        "podman",
        &[
            "run", "-d", "--name", "lab-rc5", "--net", "none", "lab", "sleep", "1000",
        ],
    );
    let rest = format!(
        "[collectors.libvirt]\nsocket = \"{}\"\ninterval = \"1s\"\n\
         [collectors.containers]\nsockets = [\"{}\"]\ninterval = \"1s\"\nlist_interval = \"1s\"\n\
         [collectors.network]\ninterval = \"1s\"\n[collectors.memory]\ninterval = \"1s\"\n",
        lab.socket(Side::A).display(),
        lab.folder().join("podman/podman.sock").display()
    );
    let exporter = Exporter::start_with(&lab, "rc5", &rest, &["--profile", "nova-rc5"]);
    exporter.after_rounds_of(&["libvirt", "containers", "network", "memory"]);

    let mut rules = String::from("groups:\n- name: nova-rc5\n  rules:\n");
    for (name, severity, expression) in ALERTS {
        rules += &format!(
            "  - alert: {name}\n    expr: '{expression}'\n    labels: {{severity: {severity}}}\n"
        );
    }
    let prometheus = Prometheus::start(&lab, &[("nova-metrics", exporter.address())], &rules);

    for (panel, expression) in PANELS {
        let series = prometheus.answer(expression);
        println!("{panel}: {} series", series.len());
    }
    for (panel, expression) in OF_OTHERS {
        let series = prometheus.query(expression);
        assert!(series.is_ok(), "{panel}: {series:?}");
    }
    // The labels that the documents promise, with what is true of this host.
    let status = prometheus.answer("nova_vm_status{state=\"running\"}");
    let of = |name: &str| {
        let mut found = status.iter().filter(|series| series.label("name") == name);
        let series = found
            .next()
            .unwrap_or_else(|| panic!("no {name}: {status:?}"));
        assert!(!series.label("host").is_empty());
        series.value
    };
    assert_eq!((of(&guest.name()), of(&off.name())), (1.0, 0.0));
    let containers = prometheus.answer("nova_container_restart_total{name=\"lab-rc5\"}");
    assert_eq!(containers[0].label("runtime"), "podman");
    let ports = prometheus.answer(&format!(
        "nova_network_rx_bytes_total{{interface=\"{}\"}} > 0",
        guest.tap()
    ));
    assert_eq!(ports[0].label("switch"), "nvlabbr");

    // The guest that is off fires, the one that runs does not; nothing else does.
    let firing = "ALERTS{alertname=\"NovaVmUnresponsive\",alertstate=\"firing\"}";
    let unresponsive = prometheus.answer(firing);
    let names: Vec<&str> = unresponsive
        .iter()
        .map(|alert| alert.label("name"))
        .collect();
    assert_eq!(names, [off.name()]);
    assert_eq!(unresponsive[0].label("severity"), "high");
    for (name, health, state) in prometheus.alerts() {
        assert_eq!(health, "ok", "{name}");
        let expected = if name == "NovaVmUnresponsive" {
            "firing"
        } else {
            "inactive"
        };
        assert_eq!(state, expected, "{name}");
    }

    // A port that is down drops what its guest sends.
    said(std::process::Command::new("ip").args(["link", "set", &guest.tap(), "down"]))
        .expect("the tap can be switched off");
    let drops = prometheus.answer("ALERTS{alertname=\"NovaNetworkDrops\",alertstate=\"firing\"}");
    assert!(
        drops
            .iter()
            .any(|alert| alert.label("interface") == guest.tap()),
        "{drops:?}"
    );

    drop(exporter);
    wait_for("NovaExporterDown fires", Duration::from_secs(20), || {
        let alerts = prometheus.alerts();
        alerts
            .iter()
            .any(|(name, _, state)| name == "NovaExporterDown" && state == "firing")
            .then_some(())
    });
    lab.script(
        "podman",
        &["rm", "--force", "--ignore", "--time", "0", "lab-rc5"],
    );
}
