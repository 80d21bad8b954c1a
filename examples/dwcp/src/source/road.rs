//! The way to the destination, and calls to it that are asked again when a connection breaks.

use std::{sync::Arc, time::Duration};

use novacron_telemetry::{
    catalog::MigrationError,
    layer::client::{CountedClient, GrpcClientLayer},
    record,
};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tonic::{
    Response, Status,
    transport::{Channel, Endpoint},
};
use tower_layer::Layer as _;

use super::{Journal, MigrateError, error::is_broken_connection};
use crate::{limit::Limit, memory::Memory, wire::migrator_client::MigratorClient};

/// A client whose calls are counted: `external_calls_total` and so on.
pub(super) type Client = MigratorClient<CountedClient<Channel>>;

/// Where to, and what goes there.
#[derive(Debug)]
pub(super) struct Road {
    pub(super) endpoint: Endpoint,
    pub(super) migration: u64,
    pub(super) memory: Arc<Memory>,
    pub(super) limit: Option<Limit>,
    /// Held by each stream for as long as it is open.
    pub(super) open: mpsc::Sender<Never>,
}

/// What is never sent.
#[derive(Debug)]
pub(super) enum Never {}

impl Road {
    /// A connection of its own.
    pub(super) async fn connect(&self) -> Result<Client, tonic::transport::Error> {
        let layer = GrpcClientLayer::service(record::current(), "dwcp-destination");
        let channel = layer.layer(self.endpoint.connect().await?);
        Ok(MigratorClient::new(channel))
    }
}

/// The connection for everything that is not pages.
#[derive(Clone, Debug)]
pub(super) struct Control(Client);

impl Control {
    pub(super) async fn open(road: &Road) -> Result<Self, MigrateError> {
        let connected = road.connect().await;
        connected
            .map(Self)
            .map_err(|why| MigrateError::Unreachable {
                to: road.endpoint.uri().to_string(),
                why,
            })
    }

    /// Calls, and calls again when the connection breaks: every call may be repeated.
    pub(super) async fn call<R>(
        &self,
        journal: &Journal,
        mut call: impl AsyncFnMut(Client) -> Result<Response<R>, Status>,
    ) -> Result<R, MigrateError> {
        let mut pause = FIRST_PAUSE;
        let mut retries = RETRIES;
        loop {
            let answer = timeout(PATIENCE, call(self.0.clone())).await;
            let status = match answer {
                Ok(Ok(answer)) => return Ok(answer.into_inner()),
                Ok(Err(status)) => status,
                Err(_) => return Err(MigrateError::Lost(format!("nothing for {PATIENCE:?}"))),
            };
            if !is_broken_connection(&status) {
                return Err(MigrateError::Answer(status.message().to_owned()));
            }
            if retries == 0 {
                return Err(MigrateError::Lost(status.message().to_owned()));
            }
            retries -= 1;
            journal.retried(MigrationError::StreamFailed);
            sleep(pause).await;
            pause *= 2;
        }
    }

    /// Calls once, within this time.
    pub(super) async fn call_once<R>(
        &self,
        within: Duration,
        call: impl AsyncFnOnce(Client) -> Result<Response<R>, Status>,
    ) -> Option<Result<R, Status>> {
        let answer = timeout(within, call(self.0.clone())).await.ok()?;
        Some(answer.map(Response::into_inner))
    }
}

/// How often something is tried again whose connection breaks: for three seconds, with growing
/// pauses.
pub(super) const RETRIES: u32 = 5;

const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(15);
