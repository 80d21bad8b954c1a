//! The rules that a single declaration cannot see.

use std::collections::BTreeSet;

use novacron_telemetry::catalog::vm::VmOperation;
use novacron_telemetry::catalog::{
    Catalog, Endpoint, Group, Method, MigrationStatus, OperationStatus, RequestLabels, Status,
};
use novacron_telemetry::label::Domain;
use novacron_telemetry::metric::{Descriptor, Keeping, Kind, Limits, Writer};
use novacron_telemetry::registry::{Groups, Registry};

#[test]
fn groups_go_by_the_same_names_everywhere() {
    let declared: Vec<_> = Catalog::GROUPS
        .iter()
        .map(|group| (group.name, group.switch))
        .collect();
    assert_eq!(declared, Groups::NAMED);
}

#[test]
fn everything_can_be_registered_at_once_and_again() {
    let mut builder = Registry::builder();
    for family in Catalog::descriptors() {
        builder = builder.opt_in(family.name);
    }
    let registry = builder.build();
    let first = Catalog::register(&registry, Groups::ALL).expect("a catalog without conflicts");
    let again = Catalog::register(&registry, Groups::ALL).expect("the same catalog once more");
    first.database.deadlocks_total.inc();
    assert_eq!(again.database.deadlocks_total.get(), 1);
    assert_eq!(registry.descriptors().len(), Catalog::descriptors().count());
}

#[test]
fn a_group_that_is_off_is_callable_and_silent() {
    let registry = Registry::new();
    let catalog = Catalog::register(&registry, Groups::DATABASE).expect("registers");
    catalog.api.requests_total.inc(&RequestLabels {
        method: Method::Get,
        endpoint: Endpoint::from("/api/v1/vms"),
        status: Status::OK,
    });
    let families: Vec<_> = registry.descriptors();
    assert_eq!(families.len(), 18);
    assert!(
        families
            .iter()
            .all(|family| family.name.starts_with("novacron_database_"))
    );
}

#[test]
fn families_to_ask_for_are_absent_until_somebody_asks() {
    let name = "novacron_api_usage_by_user_total";
    let quiet = Registry::new();
    Catalog::register(&quiet, Groups::ALL).expect("registers");
    assert!(!quiet.contains(name));
    let asked = Registry::builder().opt_in(name).build();
    Catalog::register(&asked, Groups::ALL).expect("registers");
    assert!(asked.contains(name));
}

#[test]
fn closed_counters_and_histograms_of_up_to_64_series_start_at_zero() {
    let registry = Registry::new();
    Catalog::register(&registry, Groups::ALL).expect("registers");
    let idle = registry.snapshot();
    let mut seen = 0;
    for family in Catalog::descriptors().filter(|family| !family.opt_in) {
        let series = idle.series(family.name);
        let counted = family.keeping == Keeping::Counted;
        match sets(family) {
            Some(sets) if counted && sets <= 64 => {
                assert_eq!(series.len(), sets, "{}", family.name);
                assert!(
                    series.iter().all(|one| one.sample.value() == 0.0),
                    "{}",
                    family.name
                );
                seen += 1;
            }
            _ if counted => assert!(series.is_empty(), "{}: {}", family.name, series.len()),
            _ => assert!(
                series.iter().all(|one| one.sample.value() == 0.0),
                "{}",
                family.name
            ),
        }
    }
    assert!(seen >= 60, "only {seen} families start at zero");
}

fn sets(family: &Descriptor) -> Option<usize> {
    family
        .labels
        .iter()
        .try_fold(1, |product, label| Some(product * label.cardinality()?))
}

#[test]
fn a_help_text_is_one_sentence() {
    for family in Catalog::descriptors() {
        let help = family.help;
        assert!(
            help.ends_with('.') && !help.contains(". "),
            "{}: {help}",
            family.name
        );
        assert!(help.len() <= 120, "{}: {help}", family.name);
    }
}

#[test]
fn every_family_has_a_writer_of_ours_and_collectors_share_a_group_with_collectors_only() {
    for group in Catalog::GROUPS {
        let mut collectors = BTreeSet::new();
        for family in group.families {
            match family.writer {
                Writer::Collector(name) => {
                    collectors.insert(name);
                }
                Writer::Verb(_) | Writer::Layer(_) | Writer::Library => {}
                _ => panic!("{} is written by nobody", family.name),
            }
        }
        let others = group
            .families
            .iter()
            .filter(|family| !matches!(family.writer, Writer::Collector(_)))
            .count();
        assert!(
            collectors.is_empty() || others == 0,
            "{}: {collectors:?} and {others} families of other writers",
            group.name
        );
    }
}

/// What a collector counts itself, because it watches things end and nobody keeps count: by host and
/// kind of job, never by what comes and goes.
const WATCHED: &[&str] = &[
    "novacron_libvirt_jobs_ended_total",
    "novacron_libvirt_job_duration_seconds",
    "novacron_libvirt_job_downtime_seconds",
    "novacron_libvirt_job_moved_bytes_total",
];

#[test]
fn what_is_read_elsewhere_is_kept_as_read() {
    for family in Catalog::descriptors() {
        if WATCHED.contains(&family.name) {
            assert!(family.labels.iter().all(|label| label.name != "name"));
        } else if matches!(family.writer, Writer::Collector(_)) && !family.labels.is_empty() {
            assert_eq!(family.keeping, Keeping::Read, "{}", family.name);
        }
    }
}

#[test]
fn no_label_grows_with_time() {
    const NEVER: &[&str] = &[
        "id",
        "request_id",
        "trace_id",
        "migration_id",
        "job_id",
        "path",
        "url",
        "ip",
        "message",
    ];
    for family in Catalog::descriptors() {
        for label in family.labels {
            assert!(
                !NEVER.contains(&label.name),
                "{} has a label {}",
                family.name,
                label.name
            );
            if label.name == "user_id" {
                assert!(
                    family.opt_in,
                    "{} names users without being asked",
                    family.name
                );
            }
        }
    }
}

#[test]
fn counters_beside_histograms_do_not_share_their_lines() {
    let names: BTreeSet<&str> = Catalog::descriptors().map(|family| family.name).collect();
    for family in Catalog::descriptors().filter(|family| family.kind == Kind::Histogram) {
        for suffix in ["_bucket", "_sum", "_count"] {
            let line = format!("{}{suffix}", family.name);
            assert!(!names.contains(line.as_str()), "{line}");
        }
    }
}

/// What a scrape can hold at most, in lines, with every label at its cap. Inventories (VMs,
/// containers, models) are bounded by what exists; a host of the core groups alone is bounded by
/// this, about 100 bytes a line. A new label or a raised cap that breaks it is a decision, not an
/// accident: take it here.
const CORE_BUDGET: u64 = 1_400_000;
/// The same for one family that is not an inventory, `status` apart: 500 codes times routes.
const FAMILY_BUDGET: u64 = 75_000;

#[test]
fn the_worst_case_stays_within_its_budget() {
    let core: u64 = Catalog::GROUPS
        .iter()
        .filter(|group| Groups::CORE.contains(group.switch))
        .flat_map(|group| group.families)
        .map(worst_case)
        .sum();
    assert!(core <= CORE_BUDGET, "{core} lines in the core groups");
    for family in Catalog::GROUPS
        .iter()
        .filter(counts_work)
        .flat_map(|group| group.families)
    {
        let lines = worst_case(family);
        let by_status = family.labels.iter().any(|label| label.name == "status")
            && family.labels.iter().any(|label| label.name == "endpoint");
        assert!(
            by_status || lines <= FAMILY_BUDGET,
            "{}: {lines} lines",
            family.name
        );
    }
}

/// Groups that count work, rather than list what exists.
fn counts_work(group: &&Group) -> bool {
    !["guest", "container", "network", "libvirt", "ml"].contains(&group.name)
}

fn worst_case(family: &Descriptor) -> u64 {
    let lines = match family.kind {
        Kind::Histogram => family.buckets.len() as u64 + 3,
        Kind::Counter | Kind::Gauge | Kind::Summary => 1,
    };
    let sets: u64 = family
        .labels
        .iter()
        .map(|label| {
            let values = match label.domain {
                Domain::Closed(texts) => texts.len(),
                Domain::Open { cap } => cap as usize + 1,
            };
            (values + usize::from(label.optional)) as u64
        })
        .product();
    sets.min(u64::from(Limits::default().series)) * lines
}

#[test]
fn texts_land_in_closed_values_whatever_they_are() {
    assert_eq!(Method::from("GET"), Method::Get);
    assert_eq!(Method::from("BREW"), Method::Other);
    assert_eq!(MigrationStatus::from("success"), MigrationStatus::Success);
    assert_eq!(MigrationStatus::from("exploded"), MigrationStatus::Failed);
    assert_eq!(OperationStatus::from("Success"), OperationStatus::Success);
    assert_eq!(VmOperation::parse("Create"), Some(VmOperation::Create));
    assert_eq!(
        VmOperation::parse("image_prepare"),
        Some(VmOperation::ImagePrepare)
    );
    assert_eq!(VmOperation::parse("levitate"), None);
}
