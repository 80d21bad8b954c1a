//! A steady, bounded load over loopback, and what it costs the server that bears it.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Connections, each with one request at a time.
const CONNECTIONS: u64 = 10;

/// Requests a second, over all connections.
pub const RATE: u64 = 10_000;

/// A server process; killed when dropped.
#[derive(Debug)]
pub struct Server {
    process: Child,
    port: u16,
}

/// What a load cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// CPU time of the server for each request, in seconds.
    pub cpu: f64,
    /// Requests that were answered in a second.
    pub rate: f64,
}

impl Server {
    /// Starts the server in this form (`bare` or `layered`) and waits for its port.
    ///
    /// # Errors
    ///
    /// If the program does not start or prints no port.
    pub fn start(program: &Path, form: &str) -> io::Result<Self> {
        let mut process = Command::new(program)
            .arg(form)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let mut server = Self { process, port: 0 };
        // Made first, so that a server with nothing to say is killed as well.
        server.port = line
            .trim()
            .parse()
            .map_err(|_| io::Error::other("the server printed no port"))?;
        Ok(server)
    }

    /// Sends [`RATE`] requests a second for so long.
    ///
    /// # Errors
    ///
    /// If the server refuses or an answer is not a success.
    pub fn load(&self, duration: Duration) -> io::Result<Cost> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let before = self.cpu_seconds()?;
        let requests = runtime.block_on(load(self.port, duration))?;
        let cpu = self.cpu_seconds()? - before;
        Ok(Cost {
            cpu: cpu / requests as f64,
            rate: requests as f64 / duration.as_secs_f64(),
        })
    }

    /// Memory that the process holds, in KiB.
    ///
    /// # Errors
    ///
    /// If the kernel does not say.
    pub fn resident_kib(&self) -> io::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"))
            .and_then(|kib| kib.parse().ok())
            .ok_or_else(|| io::Error::other("no VmRSS"))
    }

    /// CPU time of all threads. `schedstat` counts nanoseconds where `stat` counts hundredths of a
    /// second.
    fn cpu_seconds(&self) -> io::Result<f64> {
        let mut sum = 0.0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            let text = fs::read_to_string(thread?.path().join("schedstat"))?;
            let nanoseconds = text
                .split(' ')
                .next()
                .and_then(|field| field.parse::<f64>().ok());
            sum += nanoseconds.ok_or_else(|| io::Error::other("no schedstat"))? / 1e9;
        }
        Ok(sum)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends requests for so long; returns how many were answered.
async fn load(port: u16, duration: Duration) -> io::Result<u64> {
    let end = Instant::now() + duration;
    let mut connections = tokio::task::JoinSet::new();
    for number in 0..CONNECTIONS {
        connections.spawn(connection(port, number, end));
    }
    let mut requests = 0;
    while let Some(connection) = connections.join_next().await {
        requests += connection.map_err(io::Error::other)??;
    }
    Ok(requests)
}

async fn connection(port: u16, number: u64, end: Instant) -> io::Result<u64> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.set_nodelay(true)?;
    let request = format!("GET /api/v1/resource{number:02}/7 HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let period = Duration::from_secs(1) * u32::try_from(CONNECTIONS).unwrap_or(1)
        / u32::try_from(RATE).unwrap_or(1);
    let mut ticks = interval_at(Instant::now() + period, period);
    // A late request is made up for, or a slow server would get less to do.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut answer = [0; 1024];
    let mut requests = 0;
    while Instant::now() < end {
        ticks.tick().await;
        stream.write_all(request.as_bytes()).await?;
        let mut read = 0;
        while !answer[..read].ends_with(b"\r\n\r\nok") {
            match stream.read(&mut answer[read..]).await? {
                0 => return Err(io::Error::other("the answer is none of ours")),
                more => read += more,
            }
        }
        requests += 1;
    }
    Ok(requests)
}
