//! A struct of label values, its borrowed twin, and the place of a set among all sets.

use novacron_telemetry::label::{LabelKey, LabelSet, LabelValue, Part};

#[derive(Clone, Copy, LabelValue)]
enum Plan {
    Free,
    Pro,
    Team,
}

#[derive(Clone, LabelValue)]
#[label(cap = 10)]
struct Region(String);

/// Every label is closed: the twin borrows nothing.
#[derive(Clone, LabelSet)]
struct ClosedLabels {
    plan: Plan,
    paid: bool,
    r#type: Option<Plan>,
}

#[derive(Clone, LabelSet)]
struct OpenLabels {
    plan: Plan,
    #[label(rename = "zone")]
    region: Region,
    other: Option<Region>,
}

mod visible {
    use novacron_telemetry::label::LabelSet;

    #[derive(Clone, LabelSet)]
    pub struct Labels {
        pub plan: super::Plan,
    }
}

fn index<L: LabelSet>(key: &impl LabelKey<L>) -> usize {
    key.index()
}

fn main() {
    let names: Vec<_> = ClosedLabels::LABELS.iter().map(|label| label.name).collect();
    assert_eq!(names, ["plan", "paid", "type"]);
    assert_eq!(ClosedLabels::CARDINALITY, Some(3 * 2 * 4));
    assert_eq!(OpenLabels::CARDINALITY, None);

    let mut places = Vec::new();
    for plan in Plan::ALL {
        for paid in [false, true] {
            for r#type in [None, Some(Plan::Free), Some(Plan::Pro), Some(Plan::Team)] {
                let owned = ClosedLabels { plan: *plan, paid, r#type };
                let borrowed = ClosedLabelsRef { plan: *plan, paid, r#type };
                assert_eq!(owned.index(), borrowed.index());
                places.push(index::<ClosedLabels>(&owned));
            }
        }
    }
    assert_eq!(places, (0..24).collect::<Vec<_>>(), "the first label is the most significant");

    let text = String::from("fra");
    let borrowed = OpenLabelsRef { plan: Plan::Pro, region: &text, other: None };
    let copy = borrowed;
    assert_eq!(copy.parts(), [Part::Index(1), Part::Text("fra"), Part::Absent]);
    let owned = OpenLabels { plan: Plan::Pro, region: Region(text.clone()), other: None };
    assert_eq!(owned.parts(), borrowed.parts());
    assert_eq!(OpenLabels::LABELS[1].name, "zone");

    assert_eq!(visible::LabelsRef { plan: Plan::Team }.index(), 2);
}
