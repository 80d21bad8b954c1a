//! The table `[metrics]` and those below it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::duration;
use crate::registry::Profile;

/// The table `[metrics]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "Written")]
#[non_exhaustive]
pub struct MetricsConfig {
    /// Whether scrapes are answered. Default: yes.
    pub exporter: bool,
    /// Where an exporter of its own listens; a host alone means port 9640. Default: `0.0.0.0:9640`. A
    /// mounted route does not listen, and does not care.
    pub listen: SocketAddr,
    /// Whether the file says where to listen: a service that is more than an exporter opens a port
    /// only then.
    pub listens: bool,
    /// Whether libvirt is asked for its domains. Default: yes.
    pub collect_libvirt_stats: bool,
    /// Whether containers are looked at. Default: yes.
    pub collect_container_stats: bool,
    /// Under the names of which other systems the same samples are shown once more. Default: none.
    pub profiles: Vec<Profile>,
    /// The table `[metrics.tls]`; without it, nothing is encrypted.
    pub tls: Option<TlsConfig>,
    /// The table `[metrics.auth]`; without it, everybody may scrape.
    pub auth: Option<AuthConfig>,
    /// The table `[metrics.limits]`.
    pub limits: LimitsConfig,
}

/// The same as it is written.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    exporter: bool,
    #[serde(deserialize_with = "address")]
    listen: Option<SocketAddr>,
    collect_libvirt_stats: bool,
    collect_container_stats: bool,
    #[serde(deserialize_with = "profiles")]
    profiles: Vec<Profile>,
    tls: Option<TlsConfig>,
    auth: Option<AuthConfig>,
    limits: LimitsConfig,
}

/// The table `[metrics.tls]`: PEM files, read again when they change. Relative paths begin where
/// the `NovaFile` is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TlsConfig {
    /// The certificate, and those that lead from it to an authority.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The authorities whose clients are let in. Default: every client is.
    #[serde(default)]
    pub client_ca: Option<PathBuf>,
    /// Of these clients, the names of those that are let in. Default: all of them.
    #[serde(default)]
    pub allowed_names: Vec<String>,
}

/// The table `[metrics.auth]`: who may scrape.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AuthConfig {
    /// The file with the token, read again when it changes. A relative path begins where the
    /// `NovaFile` is.
    pub token_file: Option<PathBuf>,
    /// The environment variable with the token, where there is no file.
    pub token_env: Option<String>,
    /// How long an old token is accepted once there is a new one. Default: 5 minutes.
    #[serde(deserialize_with = "duration::read")]
    pub grace: Option<Duration>,
    /// Whether probes need the token, too. Default: only their details do.
    pub protect_health: bool,
}

/// The table `[metrics.limits]`: how much is put up with. What it leaves out has the default that
/// its owner documents.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LimitsConfig {
    /// The most series that one family with open labels may have.
    pub max_series: Option<u32>,
    /// Whether there are series for each guest and each container. Default: yes.
    pub per_vm: bool,
    /// Scrapes at once; the next one is told to come back. Default: 16.
    pub scrapes: Option<usize>,
    /// Connections to the listener at once.
    pub connections: Option<usize>,
    /// Of these, from one source.
    pub connections_per_source: Option<usize>,
    /// Bytes of a request's head.
    pub header_bytes: Option<usize>,
    /// Headers of a request.
    pub headers: Option<usize>,
    /// How long the head of a request, and the TLS handshake, may take.
    #[serde(deserialize_with = "duration::read")]
    pub head: Option<Duration>,
    /// How long a connection may be kept without a request.
    #[serde(deserialize_with = "duration::read")]
    pub idle: Option<Duration>,
    /// How long a reader may take nothing.
    #[serde(deserialize_with = "duration::read")]
    pub stalled: Option<Duration>,
    /// How long an answer may take altogether.
    #[serde(deserialize_with = "duration::read")]
    pub answer: Option<Duration>,
    /// How old a connection may get.
    #[serde(deserialize_with = "duration::read")]
    pub age: Option<Duration>,
}

/// The documented port.
const PORT: u16 = 9640;

impl From<Written> for MetricsConfig {
    fn from(written: Written) -> Self {
        let Written {
            exporter,
            listen,
            collect_libvirt_stats,
            collect_container_stats,
            profiles,
            tls,
            auth,
            limits,
        } = written;
        Self {
            exporter,
            listen: listen.unwrap_or_else(|| (Ipv4Addr::UNSPECIFIED, PORT).into()),
            listens: listen.is_some(),
            collect_libvirt_stats,
            collect_container_stats,
            profiles,
            tls,
            auth,
            limits,
        }
    }
}

impl Default for Written {
    fn default() -> Self {
        Self {
            exporter: true,
            listen: None,
            collect_libvirt_stats: true,
            collect_container_stats: true,
            profiles: Vec::new(),
            tls: None,
            auth: None,
            limits: LimitsConfig::default(),
        }
    }
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Written::default().into()
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            max_series: None,
            per_vm: true,
            scrapes: None,
            connections: None,
            connections_per_source: None,
            header_bytes: None,
            headers: None,
            head: None,
            idle: None,
            stalled: None,
            answer: None,
            age: None,
        }
    }
}

impl MetricsConfig {
    pub(super) fn based(&mut self, folder: &Path) {
        let base = |path: &mut PathBuf| *path = folder.join(&*path);
        if let Some(tls) = &mut self.tls {
            base(&mut tls.cert);
            base(&mut tls.key);
            tls.client_ca.as_mut().map(base);
        }
        if let Some(auth) = &mut self.auth {
            auth.token_file.as_mut().map(base);
        }
    }
}

fn address<'de, D: Deserializer<'de>>(value: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(value)?;
    // An IPv6 address without brackets may end in what is meant as a port.
    let host = match text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(v6) => v6.parse().ok().map(IpAddr::V6),
        None => text.parse().ok().map(IpAddr::V4),
    };
    let address = text.parse().ok().or(host.map(|host| (host, PORT).into()));
    address.map(Some).ok_or_else(|| {
        D::Error::custom(format!(
            "`{}` is not an address such as \"0.0.0.0:9640\", \"127.0.0.1\" or \"[::1]:9640\"",
            text.escape_debug()
        ))
    })
}

fn profiles<'de, D: Deserializer<'de>>(value: D) -> Result<Vec<Profile>, D::Error> {
    let names = Vec::<String>::deserialize(value)?;
    let profile = |name: &String| {
        Profile::from_name(name).ok_or_else(|| {
            let known: Vec<&str> = Profile::ALL.iter().map(|known| known.name()).collect();
            D::Error::custom(format!(
                "`{}` is no profile; there are {}",
                name.escape_debug(),
                known.join(", ")
            ))
        })
    };
    names.iter().map(profile).collect()
}
