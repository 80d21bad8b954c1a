//! The Prometheus text format, version 0.0.4.

use super::lines::{Exemplars, Lines};
use crate::registry::visit::{Flow, Head, Labels, Value, Visitor, escape};

/// See the module.
#[derive(Debug)]
pub(crate) struct Text(pub(super) Lines);

impl Visitor for Text {
    fn family(&mut self, head: &Head<'_>, resumed: bool) {
        self.0.begin_family(head.name);
        if !resumed {
            let kind = head.kind.as_str();
            self.0
                .header("HELP", head.name, |out| escape::help_into(out, head.help));
            self.0.header("TYPE", head.name, |out| out.push_str(kind));
        }
    }

    fn series(&mut self, labels: Labels<'_>, value: Value<'_>) -> Flow {
        self.0.series(labels, value, Exemplars::LeftOut)
    }

    fn is_full(&self) -> bool {
        self.0.is_full()
    }
}
