//! One stream of pages, from its opening to its end.

use std::sync::Arc;

use novacron_telemetry::{
    catalog::{MigrationError, dwcp::Transport},
    record::{DwcpStream, update_dwcp_component_health},
};
use tokio::{sync::mpsc, task::spawn_blocking};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use super::session::Session;
use crate::wire::{Ack, Batch};

/// Applies what comes and acknowledges it, in a task that ends with the stream.
pub(super) fn serve(
    session: Arc<Session>,
    stream: usize,
    batches: Streaming<Batch>,
) -> Result<ReceiverStream<Result<Ack, Status>>, Status> {
    session.stream_opened(stream)?;
    let open = Open {
        told: DwcpStream::open(Transport::Tcp),
        session,
    };
    update_dwcp_component_health("amst", "healthy");
    let (acks, answers) = mpsc::channel(32);
    tokio::spawn(async move {
        if let Err(status) = open.apply_all(stream, batches, &acks).await {
            // Nobody may be left to tell.
            let _ = acks.send(Err(status)).await;
        }
    });
    Ok(ReceiverStream::new(answers))
}

/// A stream that counts as open until this is dropped.
#[derive(Debug)]
struct Open {
    told: DwcpStream,
    session: Arc<Session>,
}

impl Open {
    async fn apply_all(
        &self,
        stream: usize,
        mut batches: Streaming<Batch>,
        acks: &mpsc::Sender<Result<Ack, Status>>,
    ) -> Result<(), Status> {
        loop {
            let batch = match batches.message().await {
                Ok(Some(batch)) => batch,
                Ok(None) => return Ok(()),
                Err(status) => {
                    // A source that has lost interest resets its streams, which is no error.
                    if status.code() != Code::Cancelled && !self.session.is_over() {
                        self.told.error(MigrationError::StreamFailed);
                    }
                    return Err(status);
                }
            };
            let session = Arc::clone(&self.session);
            let sequence = batch.sequence;
            let applied = spawn_blocking(move || session.apply(stream, &batch)).await;
            applied.map_err(|_| Status::internal("a batch could not be applied"))??;
            if acks.send(Ok(Ack { sequence })).await.is_err() {
                return Ok(());
            }
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.session.stream_closed();
    }
}
