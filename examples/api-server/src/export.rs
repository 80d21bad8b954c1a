//! `GET /api/v1/vms/export`: all VMs, one JSON object per line, each sent as soon as it is there.
//!
//! The table is read a page at a time, so that a client who reads slowly, or under `delay_ms`, holds
//! no connection meanwhile. The first page is read before the head is sent: a database that fails at
//! once is a 500, not half a file.

use std::{sync::Arc, vec};

use axum::{
    BoxError,
    body::{Body, Bytes},
    extract::State,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use futures_util::stream;

use crate::{App, error::ApiError, vm::Vm};

/// Where an export has got to.
struct Cursor {
    app: Arc<App>,
    page: vec::IntoIter<Vm>,
    /// Where the next page begins; `None` if this one is the last.
    after: Option<i64>,
}

/// The handler.
///
/// # Errors
/// 500 or 503 when the database fails at once; when it fails later, the body breaks off.
pub async fn export(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let first = app.store.page(0, PAGE, None).await?;
    let mut cursor = Cursor {
        app,
        page: vec::IntoIter::default(),
        after: None,
    };
    cursor.turn_to(first);
    let lines = stream::try_unfold(cursor, |mut cursor| async {
        Ok::<_, BoxError>(cursor.line().await?.map(|line| (line, cursor)))
    });
    Ok((
        [(CONTENT_TYPE, "application/x-ndjson")],
        Body::from_stream(lines),
    )
        .into_response())
}

impl Cursor {
    fn turn_to(&mut self, page: Vec<Vm>) {
        // A page that is not full is the last one: it costs no statement to find that out.
        let full = page.len() == PAGE as usize;
        self.after = page.last().filter(|_| full).map(|vm| vm.id);
        self.page = page.into_iter();
    }

    /// The next line; `None` after the last VM.
    async fn line(&mut self) -> Result<Option<Bytes>, BoxError> {
        if let (true, Some(after)) = (self.page.as_slice().is_empty(), self.after) {
            let page = self.app.store.page(after, PAGE, None).await?;
            self.turn_to(page);
        }
        let Some(vm) = self.page.next() else {
            return Ok(None);
        };
        self.app.faults.current().delay().await;
        let mut line = serde_json::to_vec(&vm)?;
        line.push(b'\n');
        self.app.metrics.exported_rows_total.inc();
        Ok(Some(line.into()))
    }
}

/// VMs read at a time.
const PAGE: u32 = 256;
