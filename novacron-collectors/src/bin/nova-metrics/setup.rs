//! What is to be done: the NovaFile, and what the command line says otherwise.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use novacron_collectors::settings::{NAMES, Settings, nearest};
use novacron_telemetry::config::Config;
use novacron_telemetry::expose::{ListenerOptions, TlsFiles};

use super::args::Options;
use super::complaint::Complaint;

/// Where a NovaFile is looked for if nobody says where it is.
const USUAL: [&str; 2] = ["NovaFile", "/etc/nova/NovaFile"];

/// The tables that somebody may have meant by a name like theirs.
const TABLES: [&str; 4] = ["metrics", "collectors", "logs", "traces"];

/// All that it is told.
#[derive(Debug)]
pub(crate) struct Setup {
    /// The file that was read, if there was one.
    pub(crate) file: Option<PathBuf>,
    pub(crate) config: Config,
    pub(crate) settings: Settings,
    /// What is odd about the file, and no reason not to run.
    pub(crate) oddities: Vec<String>,
}

impl Setup {
    /// Reads the file, and lets the command line overrule it.
    pub(crate) fn read(options: &Options) -> Result<Self, Complaint> {
        let mut setup = match file(options.config.as_deref())? {
            None => Self {
                file: None,
                config: Config::default(),
                settings: Settings::default(),
                oddities: Vec::new(),
            },
            Some((path, text)) => {
                let settings = text
                    .parse()
                    .map_err(|error| Complaint::settings(format!("{}: {error}", path.display())))?;
                Self {
                    config: Config::load(&path)?,
                    settings,
                    oddities: oddities(&text),
                    file: Some(path),
                }
            }
        };
        setup.overrule(options);
        Ok(setup)
    }

    fn overrule(&mut self, options: &Options) {
        let Options {
            listen,
            profile,
            collectors,
            without,
            tls_cert,
            client_ca,
            token_file,
            token_grace,
            ..
        } = options;
        let metrics = &mut self.config.metrics;
        if let Some(listen) = listen {
            metrics.listen = *listen;
        }
        metrics.profiles.extend(profile);
        if tls_cert.is_some() {
            // All of it: a certificate of the one and clients of the other is nobody's intention.
            metrics.tls = None;
        } else if let (Some(tls), Some(client_ca)) = (&mut metrics.tls, client_ca) {
            tls.client_ca = Some(client_ca.clone());
        }
        if let Some(file) = token_file {
            let auth = metrics.auth.get_or_insert_default();
            auth.token_file = Some(file.clone());
            auth.token_env = None;
        }
        if let (Some(auth), Some(grace)) = (&mut metrics.auth, token_grace) {
            auth.grace = Some(*grace);
        }
        for name in NAMES {
            let out = !collectors.is_empty() && !collectors.contains(name);
            if (out || without.0.contains(name))
                && let Some(enabled) = self.settings.enabled_mut(name)
            {
                *enabled = false;
            }
        }
    }

    /// How it listens there.
    pub(crate) fn listener(
        &self,
        address: SocketAddr,
        options: &Options,
    ) -> Result<ListenerOptions, Complaint> {
        let listener = self.config.listener_at(address)?;
        if let (Some(cert), Some(key)) = (&options.tls_cert, &options.tls_key) {
            let files = TlsFiles::new(cert, key);
            return Ok(listener.tls(match &options.client_ca {
                Some(authority) => files.client_ca(authority),
                None => files,
            }));
        }
        if options.client_ca.is_some() && self.config.metrics.tls.is_none() {
            // Whoever names clients means to let in nobody else.
            return Err(
                Complaint::settings("--client-ca: there is no certificate to go with it")
                    .hint("--tls-cert and --tls-key, or a table [metrics.tls] in the NovaFile"),
            );
        }
        Ok(listener)
    }

    /// What this says that holds only from the next start on, by name.
    pub(crate) fn later(&self, now: &Self) -> Vec<&'static str> {
        let (then, now) = (&self.config.metrics, &now.config.metrics);
        let mut limits = then.limits.clone();
        limits.per_vm = now.limits.per_vm;
        let differ = [
            ("listen", then.listen != now.listen),
            ("profiles", then.profiles != now.profiles),
            ("[metrics.tls]", then.tls != now.tls),
            ("[metrics.auth]", then.auth != now.auth),
            ("[metrics.limits]", limits != now.limits),
        ];
        let later = differ.into_iter().filter(|(_, differs)| *differs);
        later.map(|(name, _)| name).collect()
    }
}

/// The NovaFile and where it is; `None` if there is none and nobody said that there is one.
fn file(named: Option<&Path>) -> Result<Option<(PathBuf, String)>, Complaint> {
    if let Some(path) = named {
        return read(path).map(|text| Some((path.to_owned(), text)));
    }
    for path in USUAL.map(Path::new) {
        // What is there and cannot be read was meant: to run without it would be to run otherwise
        // than somebody wrote down.
        if path.try_exists().unwrap_or(true) {
            return read(path).map(|text| Some((path.to_owned(), text)));
        }
    }
    Ok(None)
}

fn read(path: &Path) -> Result<String, Complaint> {
    let refused = |error: &io::Error| Complaint::file("cannot read", path, error);
    // `Config` reads it, too, with bounds and in words of its own; this must not wait for a pipe.
    let metadata = std::fs::metadata(path).map_err(|error| refused(&error))?;
    if !metadata.is_file() || metadata.len() > 1 << 20 {
        return Err(Complaint::settings(format!(
            "{}: it is not a plain file of at most 1 MiB",
            path.display()
        )));
    }
    std::fs::read_to_string(path).map_err(|error| refused(&error))
}

/// Tables that are nobody's, and whose names look like one of ours.
fn oddities(text: &str) -> Vec<String> {
    let Ok(tables) = text.parse::<toml::Table>() else {
        return Vec::new();
    };
    let foreign = tables.keys().filter(|key| !TABLES.contains(&key.as_str()));
    foreign
        .filter_map(|key| {
            let meant = nearest(key, &TABLES)?;
            Some(format!("`[{key}]` is not read; did you mean `[{meant}]`?"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_is_nearly_ours_is_mentioned() {
        let odd = oddities("[metric]\n[api]\n[collector.cpu]\n[logs]\n[scheduler]");
        assert_eq!(odd.len(), 2, "{odd:?}");
        assert!(odd[0].contains("`[metrics]`") || odd[1].contains("`[metrics]`"));
    }

    #[test]
    fn the_command_line_overrules_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("NovaFile");
        std::fs::write(&path, "[metrics]\nlisten = \"127.0.0.1:1\"\n").unwrap();
        let mut options = Options {
            config: Some(path),
            ..Options::default()
        };
        let setup = Setup::read(&options).unwrap();
        assert_eq!(setup.config.metrics.listen.port(), 1);
        assert!(setup.settings.network.enabled);

        options.listen = Some(([127, 0, 0, 1], 2).into());
        options.collectors = vec!["network", "rdma"];
        options.without.0 = vec!["rdma"];
        let setup = Setup::read(&options).unwrap();
        assert_eq!(setup.config.metrics.listen.port(), 2);
        assert!(setup.settings.network.enabled);
        assert!(!setup.settings.rdma.enabled && !setup.settings.platform.enabled);
    }
}
