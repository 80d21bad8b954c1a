//! Every argument of `#[instrument_api]`.

use novacron_telemetry::catalog::Status;
use novacron_telemetry::record::{Failure, Outcome, Recorder};
use novacron_telemetry::instrument_api;

const VMS: &str = "/api/v1/vms";

#[derive(Debug, PartialEq)]
enum ApiError {
    NotFound,
}

impl ApiError {
    fn class(&self) -> Failure {
        Failure::from_status(Status::new(404))
    }
}

#[instrument_api(endpoint = VMS, method = "POST", error = ApiError::class)]
fn create() -> Result<u8, ApiError> {
    Err(ApiError::NotFound)
}

// The type of the parameter is known from the return type.
#[instrument_api(endpoint = concat!("/api", "/v1"), error = |error| error.class(),)]
fn closure() -> Result<u8, ApiError> {
    Err(ApiError::NotFound)
}

#[instrument_api(outcome = |found| Outcome::from_option(found))]
fn find() -> Option<Vec<u8>> {
    None
}

#[instrument_api(outcome = |_| true)]
async fn opaque() -> impl Iterator<Item = u8> {
    0..3
}

struct Service {
    telemetry: Recorder,
}

impl Service {
    #[instrument_api(telemetry = self.telemetry)]
    fn resize(&mut self) -> Result<(), ApiError> {
        Ok(())
    }

    #[instrument_api(telemetry = self.telemetry, method = "DELETE")]
    async fn delete(self) -> Result<Self, ApiError> {
        Ok(self)
    }
}

fn main() {
    assert_eq!(create(), Err(ApiError::NotFound));
    assert_eq!(closure(), Err(ApiError::NotFound));
    assert_eq!(find(), None);
    let mut service = Service { telemetry: Recorder::noop() };
    assert_eq!(service.resize(), Ok(()));
    let _futures = (opaque(), service.delete());
}
