//! The side that a guest comes to.
//!
//! | room | what happens there |
//! |---|---|
//! | here | calls, and which migration they belong to |
//! | `session` | one migration: memory that fills, a guest that starts |
//! | `intake` | one stream of pages |

use std::{
    collections::HashMap,
    fmt::Display,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use bytesize::ByteSize;
use novacron_telemetry::{
    catalog::{
        MigrationError,
        dwcp::{DwcpComponent, DwcpOperation},
    },
    record::{self, update_dwcp_component_health},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming, metadata::MetadataMap};

use crate::{
    memory::PAGE,
    report::Log,
    wire::{
        Ack, Batch, Checksums, Farewell, Forgotten, Offer, Placement, Proposal, Question, Running,
        Start, Verdict, Vote, migrator_server::Migrator,
    },
};
use session::{Ending, Session};

mod intake;
mod session;
#[cfg(test)]
mod tests;

/// A node that takes guests.
#[derive(Clone, Debug)]
pub(crate) struct Destination(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    node: String,
    /// Bytes of memory for guests.
    capacity: u64,
    log: Log,
    sessions: Mutex<HashMap<u64, Arc<Session>>>,
}

impl Destination {
    pub(crate) fn new(node: String, capacity: u64, log: Log) -> Self {
        Self(Arc::new(Inner {
            node,
            capacity,
            log,
            sessions: Mutex::default(),
        }))
    }

    /// Ends everything that has not ended.
    pub(crate) fn stop(&self) {
        let sessions = std::mem::take(&mut *self.sessions());
        for session in sessions.into_values() {
            session.end(Ending::Failed("the destination was stopped"));
        }
    }

    /// Finds a place for a guest, or says why there is none.
    fn place(&self, offer: &Offer) -> Result<Arc<Session>, Status> {
        let mut sessions = self.sessions();
        if let Some(session) = sessions.get(&offer.migration) {
            return Ok(Arc::clone(session));
        }
        let wanted = offer.pages.saturating_mul(PAGE as u64);
        let taken: u64 = sessions
            .values()
            .map(|session| session.memory_bytes())
            .sum();
        let free = self.0.capacity.saturating_sub(taken);
        if wanted > free {
            return Err(Status::resource_exhausted(format!(
                "{} wants {} of memory, {} are free",
                offer.source,
                show(wanted),
                show(free)
            )));
        }
        let session = Session::begin(offer, &self.0.node, self.0.log.clone())?;
        let session = Arc::new(session);
        sessions.insert(offer.migration, Arc::clone(&session));
        Ok(session)
    }

    fn session(&self, migration: u64) -> Result<Arc<Session>, Status> {
        let sessions = self.sessions();
        let session = sessions.get(&migration).map(Arc::clone);
        session.ok_or_else(|| Status::not_found("there is no such migration here"))
    }

    fn forget(&self, migration: u64, ending: Ending<'_>) {
        let session = self.sessions().remove(&migration);
        if let Some(session) = session {
            session.end(ending);
        }
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<u64, Arc<Session>>> {
        self.0
            .sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[tonic::async_trait]
impl Migrator for Destination {
    type PagesStream = ReceiverStream<Result<Ack, Status>>;

    async fn open(&self, request: Request<Offer>) -> Result<Response<Placement>, Status> {
        let begun = Instant::now();
        let placed = self.place(request.get_ref());
        let error = placed.as_ref().err().map(|_| MigrationError::ResourceLimit);
        operation(
            DwcpComponent::Itp,
            DwcpOperation::PlacementDecision,
            begun,
            error,
        );
        update_dwcp_component_health("itp", "healthy");
        let session = placed?;
        let (destination, migration) = (self.clone(), request.get_ref().migration);
        tokio::spawn(async move {
            if session.abandoned().await {
                destination.forget(migration, Ending::Failed("the source is gone"));
            }
        });
        Ok(Response::new(Placement {
            node: self.0.node.clone(),
        }))
    }

    async fn pages(
        &self,
        request: Request<Streaming<Batch>>,
    ) -> Result<Response<Self::PagesStream>, Status> {
        let session = self.session(named(request.metadata(), "dwcp-migration")?)?;
        let stream = named(request.metadata(), "dwcp-stream")?;
        let acks = intake::serve(session, stream, request.into_inner())?;
        Ok(Response::new(acks))
    }

    async fn prepare(&self, request: Request<Proposal>) -> Result<Response<Vote>, Status> {
        let begun = Instant::now();
        let proposal = request.into_inner();
        let objection = self.session(proposal.migration)?.consider(&proposal);
        // A vote of one is neither Raft nor PBFT.
        let error = objection.as_ref().map(|_| MigrationError::Failed);
        operation(DwcpComponent::Acp, DwcpOperation::Other, begun, error);
        update_dwcp_component_health("acp", "healthy");
        Ok(Response::new(Vote {
            agreed: objection.is_none(),
            objection: objection.unwrap_or_default(),
        }))
    }

    async fn activate(&self, request: Request<Start>) -> Result<Response<Running>, Status> {
        let start = request.into_inner();
        let steps = self.session(start.migration)?.activate(&start).await?;
        Ok(Response::new(Running { steps }))
    }

    async fn watch(&self, request: Request<Question>) -> Result<Response<Running>, Status> {
        let steps = self.session(request.into_inner().migration)?.steps()?;
        Ok(Response::new(Running { steps }))
    }

    async fn verify(
        &self,
        request: Request<Streaming<Checksums>>,
    ) -> Result<Response<Verdict>, Status> {
        let mut tables = request.into_inner();
        let mut verdict = Verdict::default();
        let mut session = None;
        while let Some(table) = tables.message().await? {
            let session = session.insert(self.session(table.migration)?);
            let part = session.compare(table).await?;
            verdict.compared += part.compared;
            verdict.different += part.different;
        }
        let session = session.ok_or_else(|| Status::invalid_argument("no checksums"))?;
        session.verified(verdict);
        Ok(Response::new(verdict))
    }

    async fn abort(&self, request: Request<Farewell>) -> Result<Response<Forgotten>, Status> {
        let farewell = request.into_inner();
        let ending = if farewell.cancelled {
            Ending::Cancelled
        } else {
            Ending::Failed(&farewell.reason)
        };
        self.forget(farewell.migration, ending);
        Ok(Response::new(Forgotten {}))
    }
}

fn named<T: std::str::FromStr>(metadata: &MetadataMap, name: &'static str) -> Result<T, Status> {
    let value = metadata.get(name).and_then(|value| value.to_str().ok());
    let value = value.and_then(|text| text.parse().ok());
    value.ok_or_else(|| Status::invalid_argument(format!("{name} is missing or no number")))
}

fn operation(
    component: DwcpComponent,
    operation: DwcpOperation,
    begun: Instant,
    error: Option<MigrationError>,
) {
    record::current().dwcp_operation(component, operation, error, begun.elapsed());
}

fn show(bytes: u64) -> impl Display {
    ByteSize::b(bytes).display().iec()
}
