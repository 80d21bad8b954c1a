//! The attributes, one description each. What they have in common is not said here.

use super::closed::{
    Closed, DB_OPERATION, DWCP_MODE, METHOD, MIGRATION_TYPE, PROVIDER_TYPE, RESOURCE_KIND,
    VM_OPERATION,
};
use crate::args::{CRATE, Key};
use Presence::{Named, Needed, Optional, With};
use Value::{OneOf, Text};

/// One attribute: what it says about the work that it marks.
pub(crate) struct Attribute {
    /// What stands for its place in the library.
    pub(super) site: &'static str,
    /// What the work needs to say, for messages.
    pub(super) needs: &'static str,
    /// What is known when the work begins, in the order that the site takes it.
    pub(super) labels: &'static [Label],
    /// What is read from the value of a success.
    pub(super) measures: &'static [Key],
}

/// An argument that is known when the work begins.
pub(super) struct Label {
    pub(super) key: Key,
    pub(super) value: Value,
    pub(super) presence: Presence,
}

/// What an argument may be, besides an expression.
pub(super) enum Value {
    /// A text that says something.
    Text,
    /// One of these texts.
    OneOf(&'static Closed),
}

/// What becomes of an argument that was not written.
pub(super) enum Presence {
    /// That does not compile.
    Needed,
    /// The function's name stands for it.
    Named,
    /// Nothing is said.
    Optional,
    /// Nothing is said; written, it needs this one too.
    With(&'static str),
}

pub(super) const ERROR: Key = Key::value("error", "error = ApiError::class");
pub(super) const OUTCOME: Key = Key::value("outcome", "outcome = |value| value.is_some()");
pub(super) const TELEMETRY: Key = Key::value("telemetry", "telemetry = self.telemetry");

/// What every attribute takes.
const COMMON: [Key; 4] = [ERROR, OUTCOME, TELEMETRY, CRATE];

impl Attribute {
    /// Everything that may be written.
    pub(super) fn keys(&self) -> Vec<Key> {
        let labels = self.labels.iter().map(|label| label.key);
        labels
            .chain(self.measures.iter().copied())
            .chain(COMMON)
            .collect()
    }
}

/// An argument by its example, what it may be, whether it must be.
const fn label(example: &'static str, value: Value, presence: Presence) -> Label {
    Label {
        key: Key::shown_as(example),
        value,
        presence,
    }
}

/// What is measured, by its example.
const fn measure(example: &'static str) -> Key {
    Key::shown_as(example)
}

pub(crate) const API: Attribute = Attribute {
    site: "ApiSite",
    needs: "",
    labels: &[
        label(r#"endpoint = "/api/v1/vms/{id}""#, Text, Named),
        label(r#"method = "GET""#, OneOf(&METHOD), Optional),
    ],
    measures: &[],
};

pub(crate) const MIGRATION: Attribute = Attribute {
    site: "MigrationSite",
    needs: "a migration says where it starts and ends",
    labels: &[
        label("source = plan.source()", Text, Needed),
        label("destination = plan.destination()", Text, Needed),
        label(r#"mode = "internet""#, OneOf(&DWCP_MODE), Optional),
        label(r#"kind = "live""#, OneOf(&MIGRATION_TYPE), Optional),
    ],
    measures: &[
        measure("bytes = |done| done.bytes"),
        measure("downtime = |done| done.downtime"),
    ],
};

pub(crate) const QUERY: Attribute = Attribute {
    site: "QuerySite",
    needs: "a statement says what it does, and to which table",
    labels: &[
        label(r#"operation = "SELECT""#, OneOf(&DB_OPERATION), Needed),
        label(r#"table = "vms""#, Text, Needed),
    ],
    measures: &[
        measure("rows_returned = Vec::len"),
        measure("rows_affected = |done| done.rows"),
    ],
};

pub(crate) const VM: Attribute = Attribute {
    site: "VmSite",
    needs: "an operation says what is done to the VM",
    labels: &[
        label(r#"operation = "start""#, OneOf(&VM_OPERATION), Needed),
        label(
            r#"provider_type = "libvirt""#,
            OneOf(&PROVIDER_TYPE),
            Optional,
        ),
        label("provider = &self.name", Text, With("provider_type")),
    ],
    measures: &[],
};

pub(crate) const JOB: Attribute = Attribute {
    site: "JobSite",
    needs: "",
    labels: &[],
    measures: &[],
};

pub(crate) const TASK: Attribute = Attribute {
    site: "TaskSite",
    needs: "",
    labels: &[label(r#"name = "prune_snapshots""#, Text, Named)],
    measures: &[],
};

pub(crate) const RECONCILE: Attribute = Attribute {
    site: "ReconcileSite",
    needs: "a loop says what it reconciles",
    labels: &[label(
        r#"kind = "VirtualMachine""#,
        OneOf(&RESOURCE_KIND),
        Needed,
    )],
    measures: &[],
};

pub(crate) const PROVIDER_CALL: Attribute = Attribute {
    site: "ProviderCallSite",
    needs: "a call says what it calls, of which kind of provider",
    labels: &[
        label(
            r#"provider_type = "libvirt""#,
            OneOf(&PROVIDER_TYPE),
            Needed,
        ),
        label(r#"method = "CreateVM""#, Text, Needed),
    ],
    measures: &[],
};

pub(crate) const EXTERNAL_CALL: Attribute = Attribute {
    site: "ExternalCallSite",
    needs: "a call says which service it calls",
    labels: &[label(r#"service = "billing""#, Text, Needed)],
    measures: &[],
};
