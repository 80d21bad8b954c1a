//! Every argument of `#[instrument_migration]`, on functions that take what the arguments borrow.

use std::time::Duration;

use novacron_telemetry::catalog::dwcp::DwcpMode;
use novacron_telemetry::catalog::vm::MigrationType;
use novacron_telemetry::catalog::{MigrationError, Status};
use novacron_telemetry::record::{Failure, Recorder};
use novacron_telemetry::instrument_migration;

struct Plan {
    source: String,
    destination: String,
    mode: DwcpMode,
}

impl Plan {
    fn destination(&self) -> &str {
        &self.destination
    }
}

#[derive(Debug)]
struct Broken;

fn class(_: &Broken) -> Failure {
    Failure::INTERNAL
}

#[instrument_migration(
    source = &plan.source,
    destination = plan.destination(),
    mode = plan.mode,
    error = class,
    bytes = |done| done.source.len() as u64,
    downtime = |done| Duration::from_millis(done.mode as u64),
)]
async fn migrate(plan: Plan) -> Result<Plan, Broken> {
    if plan.source == plan.destination {
        return Err(Broken);
    }
    Ok(plan)
}

#[instrument_migration(source = "a", destination = String::from("b"), outcome = |done| *done > 1)]
fn sync() -> u8 {
    2
}

#[instrument_migration(source = "a", destination = "b", mode = "datacenter", kind = "storage", bytes = u64::clone)]
fn only_bytes() -> Result<u64, Broken> {
    Ok(7)
}

#[instrument_migration(source = "a", destination = "b", kind = MigrationType::Live, downtime = |seconds| *seconds)]
fn only_downtime() -> Result<f64, Broken> {
    Ok(0.5)
}

struct Mover {
    telemetry: Recorder,
    host: String,
}

impl Mover {
    #[instrument_migration(source = &self.host, destination = to, telemetry = self.telemetry)]
    async fn to(&mut self, to: &str) -> Result<(), Broken> {
        self.host = to.to_owned();
        Ok(())
    }
}

// A reason of its own, or what turns into a failure.
#[instrument_migration(source = "a", destination = "b", error = |_| MigrationError::Convergence)]
fn reason() -> Result<(), Broken> {
    Err(Broken)
}

#[instrument_migration(source = "a", destination = "b", error = |_| Status::new(503), kind = None)]
fn status() -> Result<(), Broken> {
    Err(Broken)
}

fn main() {
    assert!(reason().is_err() && status().is_err());
    assert_eq!(sync(), 2);
    assert_eq!(only_bytes().unwrap(), 7);
    assert_eq!(only_downtime().unwrap(), 0.5);
    let mut mover = Mover { telemetry: Recorder::noop(), host: "a".into() };
    let plan = Plan { source: "a".into(), destination: "b".into(), mode: DwcpMode::Internet };
    let _futures = (migrate(plan), mover.to("b"));
}
