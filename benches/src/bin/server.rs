//! A tiny server that is loaded from outside: `server bare` or `server layered`.
//!
//! It prints its port and serves on one thread until it is killed.

use std::io::Write;
use std::net::Ipv4Addr;

use benches::rivals::http;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower_layer::Layer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = listener.local_addr()?.port();
    writeln!(std::io::stdout(), "{port}")?;
    let layered = std::env::args()
        .nth(1)
        .is_some_and(|form| form == "layered");
    let registry;
    let layer = if layered {
        let (recorder, made) = benches::rivals::recorder();
        registry = made;
        Some((http::layer(recorder), &registry))
    } else {
        None
    };
    loop {
        let (stream, _) = listener.accept().await?;
        let io = TokioIo::new(stream);
        let connection = hyper::server::conn::http1::Builder::new();
        match &layer {
            Some((layer, _)) => {
                let service = TowerToHyperService::new(layer.layer(http::bare()));
                tokio::spawn(connection.serve_connection(io, service));
            }
            None => {
                let service = TowerToHyperService::new(http::bare());
                tokio::spawn(connection.serve_connection(io, service));
            }
        }
    }
}
