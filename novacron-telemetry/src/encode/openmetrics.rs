//! OpenMetrics 1.0.
//!
//! Series have the same names and labels as in the text format, so a scraper that begins to ask for
//! this one sees no new series. `_created` is left out: it would double the number of series to say
//! when the process began.

use super::lines::{Exemplars, Lines};
use crate::registry::visit::{Flow, Head, Kind, Labels, Value, Visitor, escape};

/// See the module.
#[derive(Debug)]
pub(crate) struct OpenMetrics(pub(super) Lines);

impl OpenMetrics {
    pub(super) fn finish(&mut self) {
        self.0.text("# EOF\n");
    }
}

impl Visitor for OpenMetrics {
    fn family(&mut self, head: &Head<'_>, resumed: bool) {
        self.0.begin_family(head.name);
        if resumed {
            return;
        }
        let (family, kind) = match (head.kind, head.name.strip_suffix("_total")) {
            (Kind::Counter, Some(family)) => (family, "counter"),
            // A counter here must end in `_total`. A promised name that does not is shown under its
            // own name all the same, without a claim about its type.
            (Kind::Counter, None) => (head.name, "unknown"),
            (Kind::Gauge | Kind::Histogram | Kind::Summary, _) => (head.name, head.kind.as_str()),
        };
        self.0.header("HELP", family, |out| {
            escape::help_quoted_into(out, head.help);
        });
        self.0.header("TYPE", family, |out| out.push_str(kind));
        // A unit that the name does not end in makes the exposition invalid.
        if let Some(unit) = head.unit.suffix()
            && family
                .strip_suffix(unit)
                .is_some_and(|rest| rest.ends_with('_'))
        {
            self.0.header("UNIT", family, |out| out.push_str(unit));
        }
    }

    fn series(&mut self, labels: Labels<'_>, value: Value<'_>) -> Flow {
        self.0.series(labels, value, Exemplars::Shown)
    }

    fn is_full(&self) -> bool {
        self.0.is_full()
    }
}
