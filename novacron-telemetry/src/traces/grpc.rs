//! OTLP over gRPC: one unary call at a time, framed by hand over hyper's HTTP/2.
//!
//! A call is five bytes before the message and two lines after it; what is hard about gRPC is HTTP/2,
//! and that is hyper's. The runtime is a small one of this thread: the host's may be busy, stopped,
//! or of a kind that cannot wait for itself.

use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::encode::rejected;
use super::endpoint::Endpoint;
use super::transport::{Accepted, Failure, Transport};
use crate::error::{Error, ErrorKind, Result};

/// See the module.
#[derive(Debug)]
pub(super) struct GrpcClient {
    runtime: Runtime,
    endpoint: Endpoint,
    uri: Uri,
    headers: HeaderMap,
    connection: Option<SendRequest<Full<Bytes>>>,
}

/// No answer that makes sense is longer.
const ANSWER: usize = 64 << 10;

impl GrpcClient {
    pub(super) fn new(endpoint: Endpoint, extra: &[(String, String)]) -> Result<Self> {
        let Endpoint {
            authority, path, ..
        } = &endpoint;
        let wrong = |what: &str| {
            Error::new(
                ErrorKind::InvalidConfig,
                format!("traces {what} cannot be sent"),
            )
        };
        let uri = format!("http://{authority}{path}")
            .parse()
            .map_err(|_| wrong("endpoint"))?;
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/grpc"),
        );
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        headers.insert(
            header::USER_AGENT,
            HeaderValue::from_static(concat!(
                env!("CARGO_PKG_NAME"),
                "/",
                env!("CARGO_PKG_VERSION")
            )),
        );
        for (name, value) in extra {
            let name = HeaderName::try_from(name).map_err(|_| wrong("header"))?;
            let value = HeaderValue::try_from(value).map_err(|_| wrong("header"))?;
            headers.insert(name, value);
        }
        let runtime = Builder::new_current_thread().enable_all().build();
        Ok(Self {
            runtime: runtime
                .map_err(|error| Error::new(ErrorKind::Exporter, "runtime").with_source(error))?,
            endpoint,
            uri,
            headers,
            connection: None,
        })
    }
}

impl Transport for GrpcClient {
    fn send(&mut self, request: &[u8], deadline: Instant) -> Result<Accepted, Failure> {
        let Self {
            runtime,
            endpoint,
            uri,
            headers,
            connection,
        } = self;
        let left = deadline.saturating_duration_since(Instant::now());
        let body = framed(request);
        let call = async {
            if let Some(known) = connection.take()
                && !known.is_closed()
            {
                match call(known, uri, headers, body.clone()).await {
                    // It was closed while nothing was said on it: that is no failure of this batch.
                    Err(Broken::Connection(_)) => {}
                    ended => return ended,
                }
            }
            call(connect(endpoint).await?, uri, headers, body).await
        };
        match runtime.block_on(async { timeout(left, call).await }) {
            Err(_) => Err(Failure::TimedOut),
            Ok(Err(Broken::Connection(why))) => Err(Failure::Again(why, None)),
            Ok(Err(Broken::Answer(why))) => Err(Failure::Refused(why)),
            Ok(Ok((known, answer))) => {
                *connection = Some(known);
                answer.judge()
            }
        }
    }
}

enum Broken {
    Connection(String),
    Answer(String),
}

async fn connect(endpoint: &Endpoint) -> Result<SendRequest<Full<Bytes>>, Broken> {
    let broken = |error: &dyn std::fmt::Display| Broken::Connection(error.to_string());
    let stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port))
        .await
        .map_err(|error| broken(&error))?;
    stream.set_nodelay(true).map_err(|error| broken(&error))?;
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .map_err(|error| broken(&error))?;
    // Its end is noticed by the next call.
    tokio::spawn(async { drop(connection.await) });
    Ok(sender)
}

async fn call(
    mut connection: SendRequest<Full<Bytes>>,
    uri: &Uri,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<(SendRequest<Full<Bytes>>, Answer), Broken> {
    let mut request = Request::post(uri.clone())
        .body(Full::new(body))
        .map_err(|error| Broken::Answer(error.to_string()))?;
    request.headers_mut().extend(headers.clone());
    let response = connection
        .send_request(request)
        .await
        .map_err(|error| Broken::Connection(error.to_string()))?;
    let (head, body) = response.into_parts();
    let read = Limited::new(body, ANSWER)
        .collect()
        .await
        .map_err(|error| {
            if error.is::<LengthLimitError>() {
                Broken::Answer("the collector's answer does not end".to_owned())
            } else {
                Broken::Connection(error.to_string())
            }
        })?;
    // Without a message the status is in the head.
    let trailers = read
        .trailers()
        .cloned()
        .unwrap_or_else(|| head.headers.clone());
    let status = trailers
        .get("grpc-status")
        .and_then(|code| code.to_str().ok()?.parse().ok());
    let answer = Answer {
        http: head.status.as_u16(),
        grpc: status,
        body: read.to_bytes(),
    };
    Ok((connection, answer))
}

#[derive(Debug)]
struct Answer {
    http: u16,
    grpc: Option<u32>,
    body: Bytes,
}

impl Answer {
    fn judge(&self) -> Result<Accepted, Failure> {
        match (self.grpc, self.http) {
            // The message begins behind its frame, uncompressed: nothing else was asked for.
            (Some(0), _) => Ok(Accepted {
                rejected: rejected(self.body.get(5..).unwrap_or_default()),
            }),
            // CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE and DATA_LOSS, which
            // OTLP names as worth another attempt.
            (Some(code @ (1 | 4 | 10 | 11 | 14 | 15)), _) => Err(again("grpc-status", code)),
            (Some(code), _) => Err(Failure::Refused(format!(
                "the collector answered grpc-status {code}"
            ))),
            (None, status @ (429 | 502 | 503 | 504)) => Err(again("status", u32::from(status))),
            (None, status) => Err(Failure::Refused(format!(
                "the collector answered {status} and no grpc-status"
            ))),
        }
    }
}

fn again(what: &str, code: u32) -> Failure {
    Failure::Again(
        format!("the collector answered {what} {code}"),
        None::<Duration>,
    )
}

/// The message behind its frame: not compressed, and its length.
fn framed(message: &[u8]) -> Bytes {
    let mut framed = BytesMut::with_capacity(5 + message.len());
    framed.put_u8(0);
    // A batch is cut at 2 MiB; of more than 4 GiB only the collector would know what to think.
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.put_slice(message);
    framed.freeze()
}
