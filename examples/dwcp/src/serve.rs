//! `dwcp serve`: a node that takes guests.

use std::{io, process::ExitCode, time::Duration};

use novacron_telemetry::registry::Groups;
use tokio::{sync::oneshot, time::timeout};
use tonic::transport::{Server, server::TcpIncoming};

use crate::{
    cli,
    destination::Destination,
    process::{self, Metrics, Stop, say},
    wire::migrator_server::MigratorServer,
};

/// Serves until it is told to stop.
pub(crate) async fn run(arguments: cli::Serve) -> io::Result<ExitCode> {
    // Before anything is announced: whoever reads the addresses may send the signal at once.
    let mut stop = Stop::listen(arguments.house.attended)?;
    let metrics = Metrics::open("dwcp-destination", Groups::GRPC, arguments.metrics).await?;
    let listener = process::listen(arguments.listen).await?;
    let destination = Destination::new(
        arguments.node.clone(),
        arguments.capacity,
        arguments.house.log(),
    );
    let (stopping, stopped) = oneshot::channel::<()>();
    say(
        io::stdout(),
        format_args!(
            "destination {}, process {}\n  streams  {}\n  metrics  http://{}/metrics",
            arguments.node,
            std::process::id(),
            listener.local_addr()?,
            metrics.address(),
        ),
    );
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    // Declared, each method has its name and its kind from the first call on.
    let layer = metrics.telemetry().grpc_layer();
    let layer = layer
        .unary(UNARY)
        .and_then(|layer| layer.streaming(STREAMING))
        .map_err(io::Error::other)?;
    let server = Server::builder()
        // A window's worth of batches fits: our own window is what holds a stream back.
        .initial_stream_window_size(8 << 20)
        .initial_connection_window_size(8 << 20)
        .layer(layer)
        .add_service(MigratorServer::new(destination.clone()))
        .serve_with_incoming_shutdown(incoming, async {
            let _ = stopped.await;
        });
    let mut server = std::pin::pin!(server);
    tokio::select! {
        served = &mut server => served.map_err(io::Error::other)?,
        _ = stop.wish() => {}
    }
    destination.stop();
    let _ = stopping.send(());
    // Connections may outlive their migrations; nobody waits for them.
    let _ = timeout(Duration::from_millis(500), server).await;
    metrics.close().await;
    Ok(ExitCode::SUCCESS)
}

const UNARY: [&str; 5] = [
    "/dwcp.v1.Migrator/Open",
    "/dwcp.v1.Migrator/Prepare",
    "/dwcp.v1.Migrator/Activate",
    "/dwcp.v1.Migrator/Watch",
    "/dwcp.v1.Migrator/Abort",
];

const STREAMING: [&str; 2] = ["/dwcp.v1.Migrator/Pages", "/dwcp.v1.Migrator/Verify"];
