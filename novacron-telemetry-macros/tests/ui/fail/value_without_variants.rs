//! An empty domain shows nothing.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, Copy, LabelValue)]
enum Plan {}

fn main() {}
