//! One stream of pages to the destination: a connection of its own, and what is on its way on it.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use novacron_telemetry::{
    catalog::{
        MigrationError,
        dwcp::{DwcpComponent, DwcpMode, DwcpOperation, Transport},
    },
    record::{self, DwcpStream, record_dwcp_congestion, record_dwcp_mode_latency},
};
use tokio::{
    sync::mpsc,
    task::{JoinError, spawn_blocking},
    time::{sleep, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Status};

use super::{
    Journal, MigrateError, Road, error::is_broken_connection, road::RETRIES, window::Window,
};
use crate::{
    encode::{Encoder, Sent},
    memory::PAGE,
    wire::{self, Batch},
};

/// Pages to be copied, shared by all streams: who is quicker takes more.
#[derive(Debug)]
pub(super) struct Queue {
    pages: Vec<usize>,
    next: AtomicUsize,
}

/// A stream.
#[derive(Debug)]
pub(super) struct Lane {
    number: u32,
    told: DwcpStream,
    encoder: Option<Encoder>,
    outgoing: mpsc::Sender<Batch>,
    incoming: mpsc::UnboundedReceiver<Arrival>,
    unacknowledged: VecDeque<Outstanding>,
    window: Window,
    sequence: u64,
}

/// An acknowledgement, dated when it came rather than when it was looked at; or why there will be
/// no more.
type Arrival = Result<(u64, Instant), Status>;

#[derive(Debug)]
struct Outstanding {
    batch: Batch,
    sent: Instant,
}

impl Queue {
    pub(super) fn new(pages: Vec<usize>) -> Self {
        Self {
            pages,
            next: AtomicUsize::new(0),
        }
    }

    /// Bytes that nobody has taken yet.
    pub(super) fn left(&self) -> u64 {
        let taken = self.next.load(Ordering::Relaxed).min(self.pages.len());
        (self.pages.len() - taken) as u64 * PAGE as u64
    }

    fn take(&self) -> Option<Vec<usize>> {
        let from = self.next.fetch_add(BATCH, Ordering::Relaxed);
        let until = (from + BATCH).min(self.pages.len());
        self.pages
            .get(from..until)
            .map(<[usize]>::to_vec)
            .filter(|pages| !pages.is_empty())
    }
}

impl Lane {
    /// Connects the stream of this number.
    pub(super) async fn open(
        number: u32,
        road: &Road,
        mode: DwcpMode,
        sent: Arc<Sent>,
    ) -> Result<Self, MigrateError> {
        let begun = Instant::now();
        let opened = connect(number, road).await;
        let (outgoing, incoming) = opened.map_err(|why| {
            record::current().stream_refused(Transport::Tcp, MigrationError::StreamFailed);
            operation(
                DwcpOperation::StreamCreated,
                begun,
                Some(MigrationError::StreamFailed),
            );
            MigrateError::StreamLost {
                stream: number,
                why: why.message().to_owned(),
            }
        })?;
        operation(DwcpOperation::StreamCreated, begun, None);
        Ok(Self {
            number,
            told: DwcpStream::open(Transport::Tcp),
            encoder: Some(Encoder::new(mode, sent)?),
            outgoing,
            incoming,
            unacknowledged: VecDeque::new(),
            window: Window::new(),
            sequence: 0,
        })
    }

    /// Encodes for another network mode from now on.
    pub(super) fn switch(&mut self, mode: DwcpMode, sent: Arc<Sent>) -> Result<(), MigrateError> {
        self.encoder = Some(Encoder::new(mode, sent)?);
        Ok(())
    }

    /// Sends pages of the queue until it is empty and all that this stream sent is acknowledged.
    pub(super) async fn copy(
        &mut self,
        queue: &Queue,
        road: &Road,
        journal: &Journal,
    ) -> Result<(), MigrateError> {
        loop {
            while let Ok(arrival) = self.incoming.try_recv() {
                self.arrived(arrival, road, journal).await?;
            }
            if self.unacknowledged.len() < self.window.size()
                && let Some(pages) = queue.take()
            {
                let pages = self.encode(pages, road, journal).await?;
                self.sequence += 1;
                let batch = Batch {
                    sequence: self.sequence,
                    mode: journal.mode().as_str().to_owned(),
                    pages,
                };
                self.send(batch, false, road, journal).await?;
            } else if self.unacknowledged.is_empty() {
                return Ok(());
            } else {
                let arrival = timeout(STALLED, self.incoming.recv()).await;
                let arrival = arrival.map_err(|_| MigrateError::Stalled {
                    stream: self.number,
                    waited: STALLED,
                })?;
                let ended = || Err(Status::unavailable("the destination ended the stream"));
                self.arrived(arrival.unwrap_or_else(ended), road, journal)
                    .await?;
            }
        }
    }

    async fn encode(
        &mut self,
        pages: Vec<usize>,
        road: &Road,
        journal: &Journal,
    ) -> Result<Vec<wire::Page>, MigrateError> {
        let mut encoder = self.encoder.take().ok_or_else(stopped)?;
        let memory = Arc::clone(&road.memory);
        let begun = Instant::now();
        let work = spawn_blocking(move || {
            let encoded = encoder.encode(&memory, &pages);
            (encoder, encoded)
        });
        let (encoder, encoded) = work.await.map_err(|_: JoinError| stopped())?;
        self.encoder = Some(encoder);
        let failed = encoded.is_err().then_some(MigrationError::Failed);
        record::current().dwcp_operation(
            DwcpComponent::Hde,
            DwcpOperation::Compression,
            failed,
            begun.elapsed(),
        );
        let (pages, works) = encoded?;
        journal.encoded(&works);
        Ok(pages)
    }

    async fn send(
        &mut self,
        batch: Batch,
        again: bool,
        road: &Road,
        journal: &Journal,
    ) -> Result<(), MigrateError> {
        let bytes = payload(&batch);
        if let Some(limit) = &road.limit {
            limit.take(bytes).await;
        }
        // Before it goes: whatever becomes of it, it is known to be on its way.
        self.unacknowledged.push_back(Outstanding {
            batch: batch.clone(),
            sent: Instant::now(),
        });
        if self.outgoing.send(batch).await.is_ok() {
            journal.sent(bytes, again);
            return Ok(());
        }
        let why = Status::unavailable("the connection is gone");
        Box::pin(self.arrived(Err(why), road, journal)).await
    }

    async fn arrived(
        &mut self,
        arrival: Arrival,
        road: &Road,
        journal: &Journal,
    ) -> Result<(), MigrateError> {
        let (sequence, at) = match arrival {
            Ok(acknowledged) => acknowledged,
            Err(broken) => return self.reconnect(broken, road, journal).await,
        };
        while let Some(oldest) = self.unacknowledged.front()
            && oldest.batch.sequence <= sequence
        {
            let took = at.saturating_duration_since(oldest.sent);
            self.unacknowledged.pop_front();
            self.told.latency(took);
            record_dwcp_mode_latency(journal.mode().as_str(), took);
            if self.window.acknowledged(took) {
                record_dwcp_congestion(journal.mode().as_str());
                operation(DwcpOperation::CongestionEvent, at, None);
            }
        }
        Ok(())
    }

    /// Connects again and sends again what was not acknowledged. The destination knows by its
    /// number what it has already.
    async fn reconnect(
        &mut self,
        mut why: Status,
        road: &Road,
        journal: &Journal,
    ) -> Result<(), MigrateError> {
        self.told.error(MigrationError::StreamFailed);
        let mut pause = FIRST_PAUSE;
        for _ in 0..RETRIES {
            if !is_broken_connection(&why) {
                break;
            }
            journal.retried(MigrationError::StreamFailed);
            sleep(pause).await;
            pause *= 2;
            match connect(self.number, road).await {
                Ok((outgoing, incoming)) => {
                    self.told.reconnected();
                    (self.outgoing, self.incoming) = (outgoing, incoming);
                    let lost: Vec<_> = self.unacknowledged.drain(..).collect();
                    for Outstanding { batch, .. } in lost {
                        Box::pin(self.send(batch, true, road, journal)).await?;
                    }
                    return Ok(());
                }
                Err(broken) => why = broken,
            }
        }
        Err(MigrateError::StreamLost {
            stream: self.number,
            why: why.message().to_owned(),
        })
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        operation(DwcpOperation::StreamClosed, Instant::now(), None);
    }
}

/// Payload bytes of a batch: what its pages were encoded to.
pub(crate) fn payload(batch: &Batch) -> u64 {
    batch.pages.iter().map(|page| page.data.len() as u64).sum()
}

type Ends = (mpsc::Sender<Batch>, mpsc::UnboundedReceiver<Arrival>);

async fn connect(number: u32, road: &Road) -> Result<Ends, Status> {
    let mut client = road
        .connect()
        .await
        .map_err(|error| Status::unavailable(error.to_string()))?;
    // Two wait for the connection, the rest in the window; HTTP/2 pushes back through these.
    let (outgoing, batches) = mpsc::channel(2);
    let mut request = Request::new(ReceiverStream::new(batches));
    let metadata = request.metadata_mut();
    metadata.insert("dwcp-migration", road.migration.into());
    metadata.insert("dwcp-stream", number.into());
    let mut acks = client.pages(request).await?.into_inner();
    let (arrivals, incoming) = mpsc::unbounded_channel();
    let open = road.open.clone();
    tokio::spawn(async move {
        let _open = open;
        loop {
            let arrival = match acks.message().await {
                Ok(Some(ack)) => Ok((ack.sequence, Instant::now())),
                Ok(None) => Err(Status::unavailable("the destination ended the stream")),
                Err(status) => Err(status),
            };
            let over = arrival.is_err();
            // Ends with its lane, too: then nobody listens.
            if arrivals.send(arrival).is_err() || over {
                return;
            }
        }
    });
    Ok((outgoing, incoming))
}

fn operation(operation: DwcpOperation, begun: Instant, error: Option<MigrationError>) {
    let recorder = record::current();
    recorder.dwcp_operation(DwcpComponent::Amst, operation, error, begun.elapsed());
}

fn stopped() -> MigrateError {
    MigrateError::Encoder(std::io::Error::other("the encoder stopped"))
}

/// Pages in a batch.
const BATCH: usize = 64;

/// How long a stream may go without an acknowledgement of what it sent.
const STALLED: Duration = Duration::from_secs(10);

const FIRST_PAUSE: Duration = Duration::from_millis(100);
