//! `--demo`: a modest, mixed load that the server sends to itself, over real HTTP.
//!
//! A few clients browse, create and operate VMs, with the mistakes that clients make: unknown ids,
//! taken names, bodies that make no sense, paths that do not exist, and patience that ends before
//! the answer does. It is bounded on every side: clients, their pace, and the number of VMs,
//! because they only know [`NAMES`] names.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use axum::{
    body::Bytes,
    http::{Method, Request, Response, StatusCode, Uri, header::CONTENT_TYPE},
};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::timeout};

/// Sends requests to `server` until the future is dropped.
pub async fn run(server: SocketAddr) {
    let mut tasks: JoinSet<Infallible> = JoinSet::new();
    for _ in 0..VISITORS {
        let mut visitor = Visitor::new(server);
        tasks.spawn(async move {
            loop {
                // What comes back is the server's business to count; a refused connection, too, is
                // only waited out.
                let _ = visitor.step().await;
                pause(40..160).await;
            }
        });
    }
    let listener = Visitor::new(server);
    tasks.spawn(async move {
        loop {
            // Nobody keeps a page open for ever.
            let _ = timeout(Duration::from_secs(fastrand::u64(5..30)), listener.listen()).await;
            pause(500..2000).await;
        }
    });
    // The tasks loop; waiting for them keeps them tied to this future, and dropping it ends them.
    while tasks.join_next().await.is_some() {}
}

/// One client: its connections, and the VMs it has heard of.
struct Visitor {
    client: Client<HttpConnector, Full<Bytes>>,
    server: SocketAddr,
    known: Vec<u64>,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Reply = Result<(StatusCode, Bytes), Failure>;

impl Visitor {
    fn new(server: SocketAddr) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            server,
            known: Vec::new(),
        }
    }

    /// One thing a client does, the usual ones more often than the odd ones.
    async fn step(&mut self) -> Reply {
        match fastrand::u32(0..100) {
            0..20 => self.browse().await,
            20..48 => self.on_known(Method::GET, "").await,
            48..60 => self.create().await,
            60..70 => self.on_known(Method::POST, "/start").await,
            70..77 => self.on_known(Method::POST, "/stop").await,
            77..81 => self.on_known(Method::POST, "/restart").await,
            81..87 => self.on_known(Method::DELETE, "").await,
            87..90 => self.send(Method::GET, "/api/v1/vms/export", None).await,
            90..93 => self.send(Method::GET, "/api/v1/vms/999999999", None).await,
            93..95 => {
                self.send(
                    Method::POST,
                    "/api/v1/vms",
                    Some(&json!({ "name": "lost", "vcpus": "two" })),
                )
                .await
            }
            95..97 => {
                self.send(Method::GET, &format!("/api/v2/{}", fastrand::u32(..)), None)
                    .await
            }
            97..98 => self.send(Method::PUT, "/api/v1/vms", None).await,
            _ => self.lose_patience().await,
        }
    }

    /// Lists VMs, and remembers them.
    async fn browse(&mut self) -> Reply {
        let state = ["", "?state=running", "?state=stopped"][fastrand::usize(0..3)];
        let reply = self
            .send(Method::GET, &format!("/api/v1/vms{state}"), None)
            .await?;
        if let Ok(page) = serde_json::from_slice::<Value>(&reply.1) {
            self.known = page["vms"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|vm| vm["id"].as_u64())
                .collect();
        }
        Ok(reply)
    }

    async fn create(&mut self) -> Reply {
        let role = ["web", "db", "queue", "build"][fastrand::usize(0..4)];
        let mut vm = json!({ "name": format!("{role}-{:02}", fastrand::u32(0..NAMES / 4)) });
        if fastrand::bool() {
            vm["vcpus"] = json!(1 << fastrand::u32(0..4));
            vm["memory_mib"] = json!(1024 << fastrand::u32(0..4));
        }
        self.send(Method::POST, "/api/v1/vms", Some(&vm)).await
    }

    /// Something with a VM that was there when this client last looked.
    async fn on_known(&mut self, method: Method, suffix: &str) -> Reply {
        let Some(id) = fastrand::choice(&self.known).copied() else {
            return self.browse().await;
        };
        self.send(method, &format!("/api/v1/vms/{id}{suffix}"), None)
            .await
    }

    /// Asks for everything and leaves after the first line of it.
    async fn lose_patience(&self) -> Reply {
        let mut response = self
            .request(Method::GET, "/api/v1/vms/export", None)
            .await?;
        let first = response.body_mut().frame().await.transpose()?;
        Ok((
            response.status(),
            first
                .and_then(|frame| frame.into_data().ok())
                .unwrap_or_default(),
        ))
    }

    /// Follows the changes until the server ends the stream.
    async fn listen(&self) -> Reply {
        let mut response = self.request(Method::GET, "/api/v1/events", None).await?;
        while response.body_mut().frame().await.transpose()?.is_some() {}
        Ok((response.status(), Bytes::new()))
    }

    /// Sends a request and reads the whole answer, within reason.
    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        timeout(PATIENCE, async {
            let response = self.request(method, path, body).await?;
            Ok((
                response.status(),
                response.into_body().collect().await?.to_bytes(),
            ))
        })
        .await?
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response<Incoming>, Failure> {
        let uri: Uri = format!("http://{}{path}", self.server).parse()?;
        let body = Full::new(
            body.map(|body| Bytes::from(body.to_string()))
                .unwrap_or_default(),
        );
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header(CONTENT_TYPE, "application/json")
            .body(body)?;
        Ok(self.client.request(request).await?)
    }
}

async fn pause(milliseconds: std::ops::Range<u64>) {
    tokio::time::sleep(Duration::from_millis(fastrand::u64(milliseconds))).await;
}

/// Clients at once; with their pauses, some forty requests a second.
const VISITORS: usize = 4;

/// Names the clients give to VMs, and so the most VMs there will be.
pub const NAMES: u32 = 40;

/// How long a client waits for an answer that does not come.
const PATIENCE: Duration = Duration::from_secs(10);
