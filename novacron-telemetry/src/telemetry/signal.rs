//! When the service is asked to end.

use std::io;

/// What asked a service to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndSignal {
    /// SIGINT, or Ctrl-C: somebody at a terminal.
    Interrupt,
    /// SIGTERM: systemd, a container runtime, Kubernetes.
    Terminate,
}

/// Waits until the service is asked to end, by SIGINT or SIGTERM. Needs a tokio runtime with I/O.
///
/// Once this was polled, neither signal ends the process by itself any more.
///
/// ```no_run
/// use std::time::Duration;
/// use novacron_telemetry::prelude::*;
/// use novacron_telemetry::telemetry::ended;
///
/// # async fn serve() {}
/// # async fn host() -> Result<(), Box<dyn std::error::Error>> {
/// let telemetry = Telemetry::builder("api-server", "1.0.0").install()?;
/// tokio::select! {
///     _ = serve() => {}
///     signal = ended() => println!("{:?}: no more work, please", signal?),
/// }
/// telemetry.shutdown(Duration::from_secs(5)).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If the signals cannot be listened to: too many descriptors are open, or there is no such runtime.
pub async fn ended() -> io::Result<EndSignal> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        Ok(std::future::poll_fn(|cx| {
            if interrupt.poll_recv(cx).is_ready() {
                return std::task::Poll::Ready(EndSignal::Interrupt);
            }
            terminate.poll_recv(cx).map(|_| EndSignal::Terminate)
        })
        .await)
    }
    #[cfg(not(unix))]
    {
        tokio::signal::ctrl_c().await?;
        Ok(EndSignal::Interrupt)
    }
}

/// Calls `f` each time that SIGHUP comes, which by custom asks a service to read its settings and to
/// open its files again. It ends only if its future is dropped. Needs a tokio runtime with I/O; on a
/// system without SIGHUP it waits for ever.
///
/// ```no_run
/// use novacron_telemetry::telemetry::on_hangup;
///
/// # fn again() {}
/// # async fn host() {
/// tokio::spawn(on_hangup(|| {
///     // `telemetry.reload("/etc/nova/NovaFile")`, with the feature `config`; it reopens the log.
///     again();
/// }));
/// # }
/// ```
///
/// # Errors
///
/// If the signal cannot be listened to.
pub async fn on_hangup(mut f: impl FnMut()) -> io::Result<std::convert::Infallible> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        let mut hangup = signal(SignalKind::hangup())?;
        loop {
            std::future::poll_fn(|cx| hangup.poll_recv(cx)).await;
            f();
        }
    }
    #[cfg(not(unix))]
    {
        let _ = &mut f;
        std::future::pending().await
    }
}
