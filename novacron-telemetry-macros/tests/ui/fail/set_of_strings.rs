//! Nothing would bound a bare string.

use novacron_telemetry::label::LabelSet;

#[derive(Clone, LabelSet)]
struct Labels {
    paid: bool,
    user: String,
}

fn main() {}
