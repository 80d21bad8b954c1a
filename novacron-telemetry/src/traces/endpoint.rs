//! Where the collector is.

use crate::error::{Error, ErrorKind, Result};

/// A collector's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) host: String,
    pub(super) port: u16,
    /// What stands in the `host` header.
    pub(super) authority: String,
    /// Begins with a slash and does not end with one, unless it is one.
    pub(super) path: String,
}

impl Endpoint {
    /// Reads `http://host[:port][/path]`. `setting` is what an error names.
    pub(super) fn parse(setting: &str, url: &str, default_port: u16) -> Result<Self> {
        let wrong = |why: &str| {
            let url = url.escape_debug();
            Error::new(
                ErrorKind::InvalidConfig,
                format!("`{setting}` is `{url}`: {why}"),
            )
        };
        let rest = match url.trim().split_once("://") {
            Some(("http", rest)) => rest,
            Some(("https", _)) => {
                return Err(wrong(
                    "spans are sent in the clear, to a collector on this machine or in this cluster, \
                     which does TLS",
                ));
            }
            _ => return Err(wrong("expected http://host:port")),
        };
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, "/"),
        };
        let printable = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if authority.contains('@') || !printable(authority) || !printable(path) {
            return Err(wrong("neither credentials nor blanks belong in it"));
        }
        let (host, port) = match authority.rsplit_once(':') {
            // A colon inside brackets is one of an IPv6 address.
            Some((host, port)) if !port.contains(']') => {
                (host, port.parse().map_err(|_| wrong("that is no port"))?)
            }
            _ => (authority, default_port),
        };
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        if host.is_empty() {
            return Err(wrong("it names no host"));
        }
        let path = path.trim_end_matches('/');
        Ok(Self {
            host: host.to_owned(),
            port,
            authority: authority.to_owned(),
            path: if path.is_empty() { "/" } else { path }.to_owned(),
        })
    }

    /// The same, with this below its path.
    pub(super) fn join(mut self, path: &str) -> Self {
        let base = self.path.trim_end_matches('/');
        self.path = format!("{base}/{path}");
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Endpoint> {
        Endpoint::parse("endpoint", url, 4318)
    }

    #[test]
    fn addresses_are_read() {
        for (url, host, port, path) in [
            ("http://collector", "collector", 4318, "/v1/traces"),
            ("http://collector:80/", "collector", 80, "/v1/traces"),
            (
                "http://10.0.0.1:4318/otlp/",
                "10.0.0.1",
                4318,
                "/otlp/v1/traces",
            ),
            ("http://[::1]:4319", "::1", 4319, "/v1/traces"),
            ("http://[::1]", "::1", 4318, "/v1/traces"),
        ] {
            let read = parse(url).unwrap().join("v1/traces");
            assert_eq!(
                (&*read.host, read.port, &*read.path),
                (host, port, path),
                "{url}"
            );
        }
    }

    #[test]
    fn what_is_no_address_is_refused_by_name() {
        for url in [
            "",
            "collector:4318",
            "https://collector",
            "http://",
            "http://:4318",
            "http://a:b",
            "http://a:99999",
            "http://user:secret@a",
            "http://a b",
            "http://a/\r\nx: y",
            "grpc://a",
        ] {
            let error = parse(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfig);
            assert!(error.to_string().starts_with("`endpoint` is"), "{error}");
        }
    }
}
