//! What a host says about its traces.

use std::time::Duration;

use super::endpoint::Endpoint;
use super::queue::Room;
use crate::context::{Class, SamplingRates};
use crate::error::{Error, ErrorKind, Result};

/// Where spans go, and how many of them. See the [module](super).
#[derive(Clone, Debug)]
#[must_use = "hand it to `TelemetryBuilder::traces`"]
pub struct Traces {
    pub(super) url: String,
    /// What names the address, for errors.
    pub(super) setting: &'static str,
    /// Whether the address is that of the traces themselves, or of a collector of everything.
    pub(super) whole: bool,
    pub(super) protocol: Protocol,
    pub(super) rates: SamplingRates,
    pub(super) headers: Vec<(String, String)>,
    pub(super) service: Option<String>,
    pub(super) resource: Vec<(String, String)>,
    pub(super) room: Room,
    pub(super) timeout: Duration,
}

/// How OTLP is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protocol {
    /// Protocol buffers in HTTP/1.1 requests, to port 4318.
    HttpProtobuf,
    /// gRPC, to port 4317.
    #[cfg(feature = "otlp-grpc")]
    Grpc,
}

impl Traces {
    /// Spans go to the collector at this address (`http://collector:4318`), as HTTP requests.
    pub fn otlp(endpoint: impl Into<String>) -> Self {
        Self {
            url: endpoint.into(),
            setting: "traces endpoint",
            whole: false,
            protocol: Protocol::HttpProtobuf,
            rates: SamplingRates::default(),
            headers: Vec::new(),
            service: None,
            resource: Vec::new(),
            room: Room {
                line: 8192,
                ring: 1024,
                batch: 512,
                interval: Duration::from_secs(1),
            },
            timeout: Duration::from_secs(10),
        }
    }

    /// Spans go to the collector at this address (`http://collector:4317`), over gRPC.
    #[cfg(feature = "otlp-grpc")]
    pub fn otlp_grpc(endpoint: impl Into<String>) -> Self {
        Self {
            protocol: Protocol::Grpc,
            ..Self::otlp(endpoint)
        }
    }

    /// What the environment says; `None` if it names no collector, and then nothing is traced.
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `OTEL_EXPORTER_OTLP_ENDPOINT` | the collector; unset: no traces |
    /// | `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` | where its traces go, if elsewhere |
    /// | `OTEL_EXPORTER_OTLP_PROTOCOL` | `http/protobuf` (default) or `grpc` (feature `otlp-grpc`) |
    /// | `OTEL_EXPORTER_OTLP_HEADERS` | `name=value,…` that go along with each request |
    /// | `OTEL_EXPORTER_OTLP_TIMEOUT` | how long one call may take, in milliseconds; default 10000 |
    /// | `OTEL_SERVICE_NAME` | who the spans are from; default: the component |
    /// | `OTEL_RESOURCE_ATTRIBUTES` | `key=value,…` more about that |
    /// | `OTEL_TRACES_SAMPLER`, `…_ARG`, `TRACING_SAMPLING_RATE` | see [`SamplingRates::from_env`] |
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`](ErrorKind::InvalidConfig), naming the variable.
    pub fn from_env() -> Result<Option<Self>> {
        Self::from_vars(|name| std::env::var(name).ok())
    }

    /// As [`from_env`](Self::from_env), from another place than the process's environment.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Option<Self>> {
        const ALL: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
        const OURS: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
        const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
        const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
        const TIMEOUT: &str = "OTEL_EXPORTER_OTLP_TIMEOUT";
        const RESOURCE: &str = "OTEL_RESOURCE_ATTRIBUTES";
        let set = |name: &str| var(name).filter(|value| !value.is_empty());
        let (setting, url) = match (set(OURS), set(ALL)) {
            (Some(url), _) => (OURS, url),
            (None, Some(url)) => (ALL, url),
            (None, None) => return Ok(None),
        };
        let mut traces = Self::otlp(url);
        (traces.setting, traces.whole) = (setting, setting == OURS);
        match set(PROTOCOL).as_deref() {
            None | Some("http/protobuf") => {}
            #[cfg(feature = "otlp-grpc")]
            Some("grpc") => traces.protocol = Protocol::Grpc,
            Some(other) => {
                let known = if cfg!(feature = "otlp-grpc") {
                    "http/protobuf or grpc"
                } else {
                    "http/protobuf; grpc needs the feature `otlp-grpc`"
                };
                return Err(invalid(PROTOCOL, other, known));
            }
        }
        traces.rates = traces.rates.from_vars(&var)?;
        if let Some(headers) = set(HEADERS) {
            traces.headers = pairs(HEADERS, &headers)?;
        }
        if let Some(timeout) = set(TIMEOUT) {
            let millis = timeout.parse().ok().filter(|millis| *millis > 0);
            let millis = millis.ok_or_else(|| invalid(TIMEOUT, &timeout, "milliseconds"))?;
            traces.timeout = Duration::from_millis(millis);
        }
        if let Some(resource) = set(RESOURCE) {
            traces.resource = pairs(RESOURCE, &resource)?;
        }
        traces.service = set("OTEL_SERVICE_NAME");
        Ok(Some(traces))
    }

    /// How often traces that begin with this class are kept: a number from 0 to 1.
    pub fn sample(mut self, class: Class, rate: f64) -> Self {
        self.rates.set(class, rate);
        self
    }

    /// All rates at once.
    pub fn rates(mut self, rates: SamplingRates) -> Self {
        self.rates = rates;
        self
    }

    /// Something more about who the spans are from, such as `deployment.environment.name`.
    pub fn resource(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.resource.push((key.into(), value.into()));
        self
    }

    /// A header that goes along with each request.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// How many spans may wait. Default: 8192, and 1024 rescued ones beside them.
    pub fn queue(mut self, spans: usize) -> Self {
        self.room.line = spans.max(1);
        self
    }

    /// How many spans are sent at once, and how long the first of them waits for the others.
    /// Default: 512, and one second.
    pub fn batch(mut self, spans: usize, interval: Duration) -> Self {
        (self.room.batch, self.room.interval) = (spans.max(1), interval);
        self
    }

    /// How long one call to the collector may take. Default: 10 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The collector's address, read.
    pub(super) fn endpoint(&self) -> Result<Endpoint> {
        let (port, path) = match self.protocol {
            Protocol::HttpProtobuf => (4318, "v1/traces"),
            #[cfg(feature = "otlp-grpc")]
            Protocol::Grpc => (
                4317,
                "opentelemetry.proto.collector.trace.v1.TraceService/Export",
            ),
        };
        let endpoint = Endpoint::parse(self.setting, &self.url, port)?;
        let whole = self.whole && self.protocol == Protocol::HttpProtobuf;
        Ok(if whole { endpoint } else { endpoint.join(path) })
    }

    /// Checks what goes into heads of requests: one line break, and it would be another request.
    pub(super) fn check_headers(&self) -> Result<()> {
        for (name, value) in &self.headers {
            let token =
                |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!#$%&'*+^`|~".contains(&byte);
            let named = !name.is_empty() && name.bytes().all(token);
            // The value is not shown: it may be a secret.
            if !named
                || !value
                    .bytes()
                    .all(|byte| matches!(byte, b'\t' | 0x20..=0x7e))
            {
                let name = name.escape_debug();
                return Err(Error::new(
                    ErrorKind::InvalidConfig,
                    format!("traces header `{name}` cannot be sent"),
                ));
            }
        }
        Ok(())
    }
}

fn invalid(name: &str, value: &str, expected: &str) -> Error {
    let value = value.escape_debug();
    Error::new(
        ErrorKind::InvalidConfig,
        format!("`{name}` is `{value}`; expected {expected}"),
    )
}

/// `key=value,key=value`, the values percent-encoded, as OpenTelemetry has it.
fn pairs(name: &str, text: &str) -> Result<Vec<(String, String)>> {
    let pairs = text.split(',').filter(|pair| !pair.trim().is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=')?;
            let key = key.trim();
            (!key.is_empty()).then(|| Some((key.to_owned(), decode(value.trim())?)))?
        })
        .collect::<Option<_>>()
        // The whole is not shown: headers are where tokens are.
        .ok_or_else(|| {
            let what = format!("`{name}` is no list of key=value pairs");
            Error::new(ErrorKind::InvalidConfig, what)
        })
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (digits, after) = rest.split_first_chunk::<2>()?;
        let digits = std::str::from_utf8(digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traces(vars: &[(&str, &str)]) -> Result<Option<Traces>> {
        Traces::from_vars(|name| {
            let found = vars.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn without_a_collector_nothing_is_traced() {
        assert!(traces(&[("OTEL_SERVICE_NAME", "api")]).unwrap().is_none());
        assert!(
            traces(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")])
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn the_environment_says_it_all() {
        let read = traces(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%2Cb, tenant = nova"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "deployment.environment.name=prod",
            ),
            ("OTEL_SERVICE_NAME", "api"),
            ("TRACING_SAMPLING_RATE", "0.5"),
        ]);
        let read = read.unwrap().unwrap();
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            read.headers,
            [pair("api-key", "a,b"), pair("tenant", "nova")]
        );
        assert_eq!(read.timeout, Duration::from_millis(2500));
        assert_eq!(read.resource, [pair("deployment.environment.name", "prod")]);
        assert_eq!(
            (read.service.as_deref(), read.rates.default),
            (Some("api"), 0.5)
        );
        assert_eq!(read.endpoint().unwrap().path, "/v1/traces");
        let whole = traces(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:1/in")]);
        assert_eq!(whole.unwrap().unwrap().endpoint().unwrap().path, "/in");
    }

    #[test]
    fn errors_name_the_variable_and_no_secret() {
        let on = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector");
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "s3cr3t"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "key=%zz-s3cr3t"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
            ("OTEL_RESOURCE_ATTRIBUTES", "=x"),
            ("OTEL_TRACES_SAMPLER", "sometimes"),
        ] {
            let error = traces(&[on, (name, value)]).unwrap_err().to_string();
            assert!(error.contains(&format!("`{name}`")), "{error}");
            assert!(!error.contains("s3cr3t"), "{error}");
        }
        let split = Traces::otlp("http://c").header("x", "a\r\nPOST / HTTP/1.1");
        assert!(
            split
                .check_headers()
                .unwrap_err()
                .to_string()
                .contains("`x`")
        );
    }
}
