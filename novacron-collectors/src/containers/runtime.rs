//! What a container runtime says on its socket: names, states, restarts, images, health.
//!
//! Docker's API, which podman speaks as well; of podman's own API only the description of one
//! container is used, since it names the control group. Listing is one request; a container is
//! looked at by itself when it is new or changed (see [`Book`](super::book::Book)). Nothing here is
//! a number that the kernel has: those come from the control groups.

use std::path::Path;
use std::time::Duration;

use novacron_telemetry::catalog::container::{ContainerRuntime, ContainerState};
use serde::Deserialize;

use super::names::Id;
use crate::http::{Client, Error, Peer};

/// The most bytes of one answer: a list of 10 000 containers with their labels and mounts is about
/// this long.
const ANSWER: usize = 32 * 1024 * 1024;
/// The longest text that is kept of an answer.
const TEXT: usize = 1024;

/// A runtime behind a socket.
#[derive(Debug)]
pub(super) struct Runtime {
    client: Client,
    kind: ContainerRuntime,
    /// Whether podman's own API is there, and under which version.
    libpod: Option<String>,
}

/// One container of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) id: Id,
    pub(super) name: Option<String>,
    pub(super) image: String,
    pub(super) state: ContainerState,
    /// The health that the list shows, as it is written there.
    pub(super) health: Option<String>,
}

/// One container, looked at by itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Details {
    pub(super) pid: Option<u32>,
    /// Unix time.
    pub(super) started: Option<f64>,
    pub(super) restarts: Option<u64>,
    /// Whether the health check holds; `None` without one, or before it ran.
    pub(super) healthy: Option<bool>,
    /// The control group, where the runtime names it.
    pub(super) cgroup: Option<String>,
    /// Whether its network is its own, neither the host's nor another container's.
    pub(super) own_network: bool,
    /// Bytes of the writable layer, if they were asked for.
    pub(super) writable_bytes: Option<u64>,
}

impl Runtime {
    /// Asks the socket what it is.
    pub(super) fn open(socket: &Path, within: Duration) -> Result<Self, Error> {
        let client = Client::new(Peer::Unix(socket.into()), ANSWER);
        let pong = client.get("/_ping", "*/*", within)?;
        let libpod = pong.header("libpod-api-version").map(str::to_owned);
        // It becomes part of a path.
        let libpod = libpod.filter(|version| {
            version.len() <= 16 && version.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        });
        Ok(Self {
            client,
            kind: match libpod {
                Some(_) => ContainerRuntime::Podman,
                None => ContainerRuntime::Docker,
            },
            libpod,
        })
    }

    pub(super) fn kind(&self) -> ContainerRuntime {
        self.kind
    }

    /// Every container, running or not.
    pub(super) fn list(&self, within: Duration) -> Result<Vec<Listed>, Error> {
        let answer = self.client.get("/containers/json?all=true", JSON, within)?;
        parse_list(&answer.body)
    }

    /// One container; `None` if it is gone. `size` has the runtime go through its files.
    pub(super) fn inspect(
        &self,
        id: &Id,
        size: bool,
        within: Duration,
    ) -> Result<Option<Details>, Error> {
        let id = id.as_str();
        let size = if size { "?size=true" } else { "" };
        let path = match &self.libpod {
            Some(version) => format!("/v{version}/libpod/containers/{id}/json{size}"),
            None => format!("/containers/{id}/json{size}"),
        };
        match self.client.get(&path, JSON, within) {
            Ok(answer) => parse_details(&answer.body).map(Some),
            Err(Error::Status(404)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

const JSON: &str = "application/json";

#[derive(Deserialize)]
struct RawListed {
    #[serde(rename = "Id")]
    id: String,
    #[serde(rename = "Names", default)]
    names: Option<Vec<String>>,
    #[serde(rename = "Image", default)]
    image: String,
    #[serde(rename = "State", default)]
    state: String,
    #[serde(rename = "Status", default)]
    status: String,
}

/// The answer to a list. A container without a usable id makes it no list.
pub(super) fn parse_list(body: &[u8]) -> Result<Vec<Listed>, Error> {
    let raw: Vec<RawListed> = serde_json::from_slice(body).map_err(|_| NOT_UNDERSTOOD)?;
    raw.into_iter()
        .map(|raw| {
            Ok(Listed {
                id: id(&raw.id)?,
                name: raw.names.and_then(first_name),
                image: cut(raw.image),
                state: ContainerState::from(state(&raw.state)),
                health: health(&raw.status).map(str::to_owned),
            })
        })
        .collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawDetails {
    state: RawState,
    #[serde(default)]
    restart_count: Option<i64>,
    #[serde(default)]
    size_rw: Option<i64>,
    #[serde(default)]
    host_config: Option<RawHostConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawState {
    #[serde(default)]
    pid: i64,
    #[serde(default)]
    started_at: String,
    #[serde(default)]
    cgroup_path: String,
    #[serde(default, alias = "Healthcheck")]
    health: Option<RawHealth>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawHealth {
    #[serde(default)]
    status: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawHostConfig {
    #[serde(default)]
    network_mode: String,
}

/// The description of one container.
pub(super) fn parse_details(body: &[u8]) -> Result<Details, Error> {
    let raw: RawDetails = serde_json::from_slice(body).map_err(|_| NOT_UNDERSTOOD)?;
    let mode = raw.host_config.map(|config| config.network_mode);
    Ok(Details {
        pid: u32::try_from(raw.state.pid).ok().filter(|pid| *pid > 0),
        started: super::time::parse(&raw.state.started_at).filter(|seconds| *seconds > 0.0),
        restarts: raw
            .restart_count
            .and_then(|count| u64::try_from(count).ok()),
        healthy: match raw.state.health.as_ref().map(|health| &*health.status) {
            Some("healthy") => Some(true),
            Some("unhealthy") => Some(false),
            _ => None,
        },
        cgroup: Some(raw.state.cgroup_path).filter(|path| !path.is_empty()),
        own_network: !mode.is_some_and(|mode| mode == "host" || mode.starts_with("container:")),
        writable_bytes: raw.size_rw.and_then(|size| u64::try_from(size).ok()),
    })
}

const NOT_UNDERSTOOD: Error = Error::Malformed("JSON that is not the runtime's");

/// An id goes into paths and labels: hex digits, or nothing.
fn id(text: &str) -> Result<Id, Error> {
    let good = (12..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    match good {
        true => Ok(Id::new(text)),
        false => Err(Error::Malformed("an id that is none")),
    }
}

/// Docker writes a slash before a name, and more of them for names within links.
fn first_name(names: Vec<String>) -> Option<String> {
    let shortest = names
        .into_iter()
        .min_by_key(|name| name.matches('/').count())?;
    let name = shortest.trim_start_matches('/');
    (!name.is_empty()).then(|| cut(name.to_owned()))
}

/// podman has states that docker has not.
fn state(text: &str) -> &str {
    match text {
        "configured" | "initialized" => "created",
        "stopped" | "stopping" => "exited",
        "removing" => "dead",
        other => other,
    }
}

/// `Up 2 minutes (healthy)`.
fn health(status: &str) -> Option<&str> {
    let (_, health) = status.strip_suffix(')')?.rsplit_once('(')?;
    Some(health)
}

fn cut(mut text: String) -> String {
    if text.len() > TEXT {
        let mut end = TEXT;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    text
}
