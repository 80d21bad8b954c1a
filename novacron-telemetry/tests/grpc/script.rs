//! A tonic service, written by hand: each call says in its metadata how it wants to be answered.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BufMut};
use futures_util::stream::{self, Stream, StreamExt};
use http::{Request, Response};
use tonic::body::Body;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::NamedService;
use tonic::{Status, Streaming};
use tower::{Service, service_fn};

pub(crate) const UNARY: &str = "/test.Scripts/Unary";
pub(crate) const UP: &str = "/test.Scripts/Up";
pub(crate) const DOWN: &str = "/test.Scripts/Down";
pub(crate) const BOTH: &str = "/test.Scripts/Both";

/// A message is its bytes, so that its size on the wire is known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut item = vec![0; buffer.remaining()];
        buffer.copy_to_slice(&mut item);
        Ok(Some(item))
    }
}

/// How a call is answered: `MESSAGES SIZE END`.
#[derive(Clone, Debug)]
struct Script {
    messages: usize,
    size: usize,
    end: String,
}

impl Script {
    /// What the metadata says; a script that ends with `refuse` answers with an error at once.
    fn read<T>(request: &tonic::Request<T>) -> Result<Self, Status> {
        let text = request.metadata().get("script").unwrap().to_str().unwrap();
        let mut words = text.split(' ');
        let mut number = || words.next().unwrap().parse().unwrap();
        let (messages, size) = (number(), number());
        let end = words.next().unwrap().to_owned();
        match end.as_str() {
            "refuse" => Err(Status::permission_denied("refused")),
            "unimplemented" => Err(Status::unimplemented("not yet")),
            _ => Ok(Self {
                messages,
                size,
                end,
            }),
        }
    }

    async fn end(self) -> Result<(), Status> {
        match self.end.as_str() {
            "ok" => Ok(()),
            "fail" => Err(Status::not_found("failed")),
            "hang" => std::future::pending().await,
            "panic" => {
                // tonic gathers messages while there are more: here they leave.
                tokio::task::yield_now().await;
                panic!("on purpose")
            }
            other => panic!("no end: {other}"),
        }
    }

    async fn message(self) -> Result<tonic::Response<Vec<u8>>, Status> {
        let message = vec![7; self.size];
        self.end().await?;
        Ok(tonic::Response::new(message))
    }
}

type Messages = Pin<Box<dyn Stream<Item = Result<Vec<u8>, Status>> + Send>>;

/// The end of a stream: nothing, or an error.
fn ending(script: Script) -> impl Stream<Item = Result<Vec<u8>, Status>> {
    stream::once(script.end()).filter_map(async |end| end.err().map(Err))
}

async fn unary(request: tonic::Request<Vec<u8>>) -> Result<tonic::Response<Vec<u8>>, Status> {
    Script::read(&request)?.message().await
}

/// Reads all messages, then answers.
async fn up(
    request: tonic::Request<Streaming<Vec<u8>>>,
) -> Result<tonic::Response<Vec<u8>>, Status> {
    let script = Script::read(&request)?;
    let mut messages = request.into_inner();
    while messages.message().await?.is_some() {}
    script.message().await
}

async fn down(request: tonic::Request<Vec<u8>>) -> Result<tonic::Response<Messages>, Status> {
    let script = Script::read(&request)?;
    let message = vec![7; script.size];
    let messages = stream::iter(std::iter::repeat_n(message, script.messages).map(Ok));
    Ok(tonic::Response::new(Box::pin(
        messages.chain(ending(script)),
    )))
}

/// Sends each message back, then ends.
async fn both(
    request: tonic::Request<Streaming<Vec<u8>>>,
) -> Result<tonic::Response<Messages>, Status> {
    let script = Script::read(&request)?;
    let messages = request.into_inner();
    Ok(tonic::Response::new(Box::pin(
        messages.chain(ending(script)),
    )))
}

/// The service, as generated code would have it.
#[derive(Clone, Debug)]
pub(crate) struct Scripts {
    /// Whether answers are compressed.
    pub(crate) compresses: bool,
}

impl NamedService for Scripts {
    const NAME: &'static str = "test.Scripts";
}

impl Service<Request<Body>> for Scripts {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let mut grpc = tonic::server::Grpc::new(Raw)
            .accept_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(64 << 20);
        if self.compresses {
            grpc = grpc.send_compressed(CompressionEncoding::Gzip);
        }
        Box::pin(async move {
            Ok(match request.uri().path() {
                UNARY => grpc.unary(service_fn(unary), request).await,
                UP => grpc.client_streaming(service_fn(up), request).await,
                DOWN => grpc.server_streaming(service_fn(down), request).await,
                BOTH => grpc.streaming(service_fn(both), request).await,
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}
