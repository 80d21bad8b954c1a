//! A marked future can be spawned wherever the unmarked one could.

use novacron_telemetry::{instrument_api, instrument_migration};

#[derive(Clone)]
struct Plan {
    source: String,
    destination: String,
}

#[instrument_api(endpoint = "/vms", method = "POST")]
async fn create(name: String) -> Result<usize, String> {
    std::future::ready(()).await;
    Ok(name.len())
}

#[instrument_api(outcome = |value: &Option<u8>| value.is_some())]
async fn find(name: &str) -> Option<u8> {
    std::future::ready(()).await;
    name.bytes().next()
}

#[instrument_migration(source = &plan.source, destination = &plan.destination)]
async fn migrate(plan: Plan) -> Result<Plan, String> {
    std::future::ready(()).await;
    Ok(plan)
}

fn spawn<T: Send + 'static>(_: impl Future<Output = T> + Send + 'static) {}

fn main() {
    spawn(create("a".into()));
    spawn(find("a"));
    spawn(migrate(Plan { source: "a".into(), destination: "b".into() }));
}
