//! Two variants cannot look alike.

use novacron_telemetry::label::LabelValue;

#[derive(Clone, Copy, LabelValue)]
enum Plan {
    Free,
    #[label(rename = "free")]
    Gratis,
}

fn main() {
    // What uses it is not reported too.
    let _ = (Plan::ALL, Plan::Free.as_str());
}
