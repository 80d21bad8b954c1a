//! Where the ML service is.

use crate::http::Peer;

/// Whom to ask, and for which path.
pub(super) fn parse(url: &str) -> Result<(Peer, String), String> {
    let wrong = |why: &str| Err(format!("{why}; it looks like `http://ml-service:8000`"));
    if url.trim().starts_with("https://") {
        return wrong("TLS is not spoken here");
    }
    let Some(rest) = url.trim().strip_prefix("http://") else {
        return wrong("an endpoint begins with `http://`");
    };
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    if authority.contains('@') {
        return wrong("an endpoint holds no credentials");
    }
    let (host, port) = match authority.strip_prefix('[') {
        // An IPv6 address stands in brackets.
        Some(rest) => match rest.split_once(']') {
            Some((host, "")) => (host, "80"),
            Some((host, port)) if port.starts_with(':') => (host, &port[1..]),
            _ => return wrong("an address of IPv6 ends with `]`"),
        },
        None => authority.split_once(':').unwrap_or((authority, "80")),
    };
    let good = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    if host.is_empty() || !host.chars().all(good) {
        return wrong("an endpoint names a host");
    }
    let Some(port) = crate::text::number(port).filter(|port| *port != 0) else {
        return wrong("a port is a number from 1 to 65535");
    };
    if path.bytes().any(|b| !b.is_ascii_graphic() || b == b'#') {
        return wrong("a path has neither blanks nor `#`");
    }
    let path = match path {
        "" | "/" => "/metrics",
        path => path,
    };
    let host = host.to_owned();
    Ok((Peer::Tcp { host, port }, path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_host_a_port_and_a_path() {
        for (url, host, port, path) in [
            ("http://ml-service:8000", "ml-service", 8000, "/metrics"),
            ("http://ml-service:8000/", "ml-service", 8000, "/metrics"),
            (
                "http://10.0.0.1/api/models?all=1",
                "10.0.0.1",
                80,
                "/api/models?all=1",
            ),
            ("http://[::1]:9000/x", "::1", 9000, "/x"),
            ("http://[::1]", "::1", 80, "/metrics"),
        ] {
            let host = host.to_owned();
            assert_eq!(
                parse(url),
                Ok((Peer::Tcp { host, port }, path.to_owned())),
                "{url}"
            );
        }
        for bad in [
            "",
            "ml-service:8000",
            "https://ml-service",
            "http://",
            "http://:8000",
            "http://a:b@ml-service",
            "http://ml-service:0",
            "http://ml-service:99999",
            "http://ml service",
            "http://[::1",
            "http://ml-service/a b",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
