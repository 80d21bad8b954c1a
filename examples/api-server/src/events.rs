//! `GET /api/v1/events`: every change of a VM, as server-sent events.
//!
//! A listener that reads too slowly loses the oldest changes and is told how many; nobody waits for
//! it.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::State as Extract,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, stream};
use serde::Serialize;
use tokio::sync::broadcast::{self, error::RecvError};

use crate::{
    App,
    error::ApiError,
    vm::{State, Vm},
};

/// Who is told about changes.
#[derive(Debug)]
pub struct Events(Mutex<Option<broadcast::Sender<Change>>>);

/// One step of one VM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The VM's id.
    pub id: i64,
    /// The VM's name.
    pub name: String,
    /// The state it left; `null` when it was created.
    pub from: Option<State>,
    /// The state it entered; `null` when it was deleted.
    pub to: Option<State>,
    /// When: RFC 3339, UTC, milliseconds.
    pub at: String,
}

impl Events {
    /// No listeners yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Mutex::new(Some(broadcast::Sender::new(BACKLOG))))
    }

    /// Tells every listener.
    pub fn publish(&self, vm: &Vm, from: Option<State>, to: Option<State>) {
        if let Some(sender) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            let change = Change {
                id: vm.id,
                name: vm.name.clone(),
                from,
                to,
                at: vm.updated_at.clone(),
            };
            // An error means that nobody listens.
            let _ = sender.send(change);
        }
    }

    /// Ends every stream after what was already published: a stopping server waits for its streams,
    /// and these have no end of their own.
    pub fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn subscribe(&self) -> Option<broadcast::Receiver<Change>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .map(broadcast::Sender::subscribe)
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}

/// `GET /api/v1/events`.
///
/// # Errors
/// 503 when the server is stopping.
pub async fn listen(
    Extract(app): Extract<Arc<App>>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let receiver = app
        .events
        .subscribe()
        .ok_or_else(|| ApiError::unavailable("the server is stopping"))?;
    // Held by the stream: whatever ends it, its client is no longer counted.
    let listening = app.metrics.listeners.guard();
    let changes = stream::unfold((receiver, listening), |(mut receiver, listening)| async {
        let event = match receiver.recv().await {
            // A change holds only strings and numbers, so it can always be written.
            Ok(change) => Event::default().event("vm").json_data(&change).ok()?,
            Err(RecvError::Lagged(lost)) => Event::default().event("lost").data(lost.to_string()),
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(event), (receiver, listening)))
    });
    Ok(Sse::new(changes).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// Changes a slow listener may be behind.
const BACKLOG: usize = 256;

/// How soon a listener that left without a word is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
