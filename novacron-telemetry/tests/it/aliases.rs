//! The same samples under other systems' names.

use std::collections::BTreeSet;

use novacron_telemetry::catalog::guest::GuestStateLabelsRef;
use novacron_telemetry::catalog::process::BuildLabelsRef;
use novacron_telemetry::catalog::vm::{
    VmOperation, VmOperationLabelsRef, VmOperationTimeLabelsRef,
};
use novacron_telemetry::catalog::{Catalog, OperationStatus, ProviderType, VmState, aliases};
use novacron_telemetry::registry::visit::{Flow, Head, Labels, Value, Visitor};
use novacron_telemetry::registry::{Groups, Profile, Registry, Sample};

fn with(profile: Profile) -> (Registry, Catalog) {
    let registry = Registry::new();
    let catalog = Catalog::register(&registry, profile.groups()).expect("registers");
    aliases::show(&registry, profile).expect("no name is taken");
    (registry, catalog)
}

fn operation(
    operation: VmOperation,
    provider_type: Option<ProviderType>,
) -> VmOperationLabelsRef<'static> {
    VmOperationLabelsRef {
        operation,
        status: OperationStatus::Success,
        provider_type,
        provider: provider_type.map(|_| "one"),
    }
}

#[test]
fn no_alias_is_there_unless_its_profile_is_on() {
    let registry = Registry::new();
    Catalog::register(&registry, Groups::ALL).expect("registers");
    for profile in Profile::ALL {
        for alias in aliases::of(*profile) {
            assert!(!registry.contains(alias.name), "{}", alias.name);
        }
    }
}

#[test]
fn a_profile_needs_exactly_the_groups_that_it_switches_on() {
    for profile in Profile::ALL {
        let needed: BTreeSet<&str> = aliases::of(*profile)
            .iter()
            .filter_map(|alias| {
                let has = |group: &&novacron_telemetry::catalog::Group| {
                    group
                        .families
                        .iter()
                        .any(|family| family.name == alias.family.name)
                };
                Catalog::GROUPS.iter().find(has).map(|group| group.name)
            })
            .collect();
        let switched: BTreeSet<&str> = profile.groups().names().collect();
        assert_eq!(needed, switched, "{}", profile.name());
    }
}

#[test]
fn all_profiles_can_be_on_at_once_with_every_alias_visible() {
    let registry = Registry::new();
    Catalog::register(&registry, Groups::ALL).expect("registers");
    let mut names = 0;
    for profile in Profile::ALL {
        aliases::show(&registry, *profile).expect("no name is taken");
        names += aliases::of(*profile).len();
    }
    assert_eq!(names, 75);
    let scraped: BTreeSet<String> = registry
        .snapshot()
        .families()
        .map(|(name, _)| name.to_owned())
        .collect();
    for alias in Profile::ALL
        .iter()
        .flat_map(|profile| aliases::of(*profile))
    {
        assert!(scraped.contains(alias.name), "{}", alias.name);
    }
}

#[test]
fn a_profile_goes_by_its_name() {
    for profile in Profile::ALL {
        assert_eq!(Profile::from_name(profile.name()), Some(*profile));
    }
    assert_eq!(Profile::from_name("nova"), None);
}

#[test]
fn only_the_running_series_of_a_vm_is_its_status() {
    let (registry, catalog) = with(Profile::NovaRc5);
    let series = |name, state, value| {
        (
            GuestStateLabelsRef {
                name,
                host: "h",
                state,
            },
            value,
        )
    };
    catalog.guest.status.replace_all([
        series("web", VmState::Running, 1.0),
        series("db", VmState::Running, 0.0),
        series("db", VmState::Stopped, 1.0),
    ]);
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.series("novacron_vm_status").len(), 3);
    assert_eq!(snapshot.series("nova_vm_status").len(), 2);
    assert_eq!(snapshot.sum("nova_vm_status", &[]), 1.0, "VMs that run");
    let labels = [("name", "db"), ("host", "h"), ("state", "running")];
    assert_eq!(snapshot.value("nova_vm_status", &labels), Some(0.0));
}

#[test]
fn operations_that_are_one_elsewhere_are_added_up() {
    let (registry, catalog) = with(Profile::Virtrigaud);
    let operations = &catalog.vm.operations_total;
    let libvirt = Some(ProviderType::Libvirt);
    operations.inc_by(&operation(VmOperation::Start, libvirt), 2);
    operations.inc_by(&operation(VmOperation::Stop, libvirt), 3);
    operations.inc_by(&operation(VmOperation::Restart, libvirt), 5);
    operations.inc_by(&operation(VmOperation::Create, libvirt), 7);
    operations.inc_by(
        &operation(VmOperation::Start, Some(ProviderType::Vsphere)),
        11,
    );
    operations.inc_by(&operation(VmOperation::Create, None), 13);
    let snapshot = registry.snapshot();
    let alias = "virtrigaud_vm_operations_total";
    let labels = |operation, kind| {
        [
            ("operation", operation),
            ("outcome", "success"),
            ("provider_type", kind),
            ("provider", "one"),
        ]
    };
    assert_eq!(
        snapshot.value(alias, &labels("Power", "libvirt")),
        Some(10.0)
    );
    assert_eq!(
        snapshot.value(alias, &labels("Create", "libvirt")),
        Some(7.0)
    );
    assert_eq!(
        snapshot.value(alias, &labels("Power", "vsphere")),
        Some(11.0)
    );
    assert_eq!(
        snapshot.series(alias).len(),
        3,
        "what no provider did is left out"
    );
    assert_eq!(snapshot.sum("novacron_vm_operations_total", &[]), 41.0);
}

#[test]
fn histograms_are_added_up_bucket_by_bucket() {
    let (registry, catalog) = with(Profile::Virtrigaud);
    for (operation, seconds) in [
        (VmOperation::Start, 0.3),
        (VmOperation::Stop, 0.3),
        (VmOperation::Power, 45.0),
    ] {
        let labels = VmOperationTimeLabelsRef {
            operation,
            provider_type: Some(ProviderType::Libvirt),
        };
        catalog
            .vm
            .operation_duration_seconds
            .with(&labels)
            .observe(seconds);
    }
    let snapshot = registry.snapshot();
    let labels = [("operation", "Power"), ("provider_type", "libvirt")];
    let series = snapshot
        .find("virtrigaud_vm_operations_duration_seconds", &labels)
        .expect("one series for all three");
    let Sample::Histogram {
        bounds,
        buckets,
        sum,
        ..
    } = &series.sample
    else {
        panic!("{series:?}");
    };
    let at = |bound: f64| {
        bounds
            .iter()
            .position(|b| *b == bound)
            .map(|at| buckets[at])
    };
    assert_eq!((at(0.5), at(60.0)), (Some(2), Some(1)));
    assert_eq!(buckets.iter().sum::<u64>(), 3);
    assert!((sum - 45.6).abs() < 1e-9, "{sum}");
}

#[test]
fn a_label_and_its_value_are_spelled_as_there() {
    let (registry, catalog) = with(Profile::Virtrigaud);
    let labels = BuildLabelsRef {
        version: "1.2.3",
        git_sha: "abc1234",
        rust_version: "1.88.0",
        component: "manager",
    };
    catalog.process.build_info.set(&labels, 1.0);
    let there = [
        ("version", "1.2.3"),
        ("git_sha", "abc1234"),
        ("go_version", "rustc 1.88.0"),
        ("component", "manager"),
    ];
    assert_eq!(
        registry.snapshot().value("virtrigaud_build_info", &there),
        Some(1.0)
    );
}

#[test]
fn an_alias_shows_text_that_needs_escaping_unharmed() {
    let (registry, catalog) = with(Profile::NovaRc5);
    let name = "a=\"b\\,\n}";
    let labels = GuestStateLabelsRef {
        name,
        host: "h",
        state: VmState::Running,
    };
    catalog.guest.status.replace_all([(labels, 1.0)]);
    let there = [("name", name), ("host", "h"), ("state", "running")];
    assert_eq!(
        registry.snapshot().value("nova_vm_status", &there),
        Some(1.0)
    );
}

/// Pauses after every series, the way an encoder does when its chunk is full.
#[derive(Default)]
struct OneByOne {
    family: String,
    series: Vec<(String, Vec<String>)>,
}

impl Visitor for OneByOne {
    fn family(&mut self, head: &Head<'_>, _: bool) {
        self.family = head.name.to_owned();
    }

    fn series(&mut self, labels: Labels<'_>, _: Value<'_>) -> Flow {
        let labels = labels
            .fragments
            .iter()
            .map(|&fragment| fragment.to_owned())
            .collect();
        self.series.push((self.family.clone(), labels));
        Flow::Pause
    }
}

#[test]
fn a_reading_that_pauses_within_an_alias_loses_and_repeats_nothing() {
    let (registry, catalog) = with(Profile::Virtrigaud);
    for provider in ["a", "b", "c"] {
        for done in [VmOperation::Create, VmOperation::Start, VmOperation::Stop] {
            let mut labels = operation(done, Some(ProviderType::Libvirt));
            labels.provider = Some(provider);
            catalog.vm.operations_total.inc(&labels);
        }
    }
    let mut visitor = OneByOne::default();
    let mut walk = registry.walk();
    while walk.step(&mut visitor) {}
    for (family, series) in [
        ("virtrigaud_vm_operations_total", 6),
        ("novacron_vm_operations_total", 9),
    ] {
        let shown: Vec<_> = visitor
            .series
            .iter()
            .filter(|(name, _)| name == family)
            .collect();
        let distinct: BTreeSet<_> = shown.iter().collect();
        assert_eq!((shown.len(), distinct.len()), (series, series), "{family}");
    }
}
