//! The domain is a constant of one type.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, LabelValue)]
#[label(cap = 5)]
struct Region<T>(T);

fn main() {}
