//! What several subjects share: a small parser of the text format, a hostile registry, and the
//! judges that may be installed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use novacron_telemetry::Registry;
use novacron_telemetry::label::{LabelSet, LabelValue};
use novacron_telemetry::metric::exemplar::Exemplar;
use novacron_telemetry::metric::{Counter, Family, Gauge, Histogram, UpDownGauge};
use novacron_telemetry::registry::MetricGroup;
use novacron_telemetry::registry::visit::{
    Flow, Head, Kind, Labels, Pin, Source, Unit, Value, Visitor,
};

/// One line of an exposition, read by somebody who never saw the encoder.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Line {
    Help {
        family: String,
        text: String,
    },
    Type {
        family: String,
        kind: String,
    },
    Other(String),
    Sample {
        name: String,
        labels: BTreeMap<String, String>,
        value: f64,
    },
}

/// Reads an exposition in the text format, as its specification describes it.
pub(crate) fn parse(text: &str) -> Vec<Line> {
    assert!(
        text.is_empty() || text.ends_with('\n'),
        "the last line ends like all others"
    );
    text.split_terminator('\n').map(line).collect()
}

/// The samples alone.
pub(crate) fn samples(text: &str) -> Vec<(String, BTreeMap<String, String>, f64)> {
    let sample = |line| match line {
        Line::Sample {
            name,
            labels,
            value,
        } => Some((name, labels, value)),
        Line::Help { .. } | Line::Type { .. } | Line::Other(_) => None,
    };
    parse(text).into_iter().filter_map(sample).collect()
}

fn line(line: &str) -> Line {
    if let Some(comment) = line.strip_prefix("# ") {
        let mut words = comment.splitn(3, ' ');
        let (word, family, text) = (
            words.next(),
            words.next().unwrap_or(""),
            words.next().unwrap_or(""),
        );
        return match word {
            Some("HELP") => Line::Help {
                family: family.into(),
                text: unescaped(text),
            },
            Some("TYPE") => Line::Type {
                family: family.into(),
                kind: text.into(),
            },
            _ => Line::Other(line.into()),
        };
    }
    let end = line.find(['{', ' ']).expect("a sample has a value");
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, quoted) = rest.split_once("=\"").expect("a label has a quoted value");
            let end = closing_quote(quoted);
            let twice = labels.insert(label.to_owned(), unescaped(&quoted[..end]));
            assert_eq!(twice, None, "label {label} is there twice: {line}");
            rest = &quoted[end + 1..];
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
        rest = &rest[1..];
    }
    let value = rest.strip_prefix(' ').expect("a space before the value");
    let value = match value.split(' ').next() {
        Some("+Inf") => f64::INFINITY,
        Some("-Inf") => f64::NEG_INFINITY,
        Some("NaN") => f64::NAN,
        Some(number) => number.parse().expect("a number"),
        None => unreachable!("split gives at least one piece"),
    };
    Line::Sample {
        name: name.into(),
        labels,
        value,
    }
}

fn closing_quote(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !escaped => return at,
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    panic!("no closing quote in {text:?}");
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next().expect("something is escaped") {
                'n' => '\n',
                c @ ('\\' | '"') => c,
                other => panic!("\\{other} is no escape"),
            },
            c => c,
        });
    }
    out
}

/// Any text a client, guest or file system may hand us.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 100000)]
pub(crate) struct Text(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub(crate) enum Method {
    Get,
    Put,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub(crate) struct RouteLabels {
    pub(crate) method: Method,
    pub(crate) route: Text,
    pub(crate) tenant: Option<Text>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub(crate) struct MethodLabels {
    pub(crate) method: Method,
}

/// One family of every kind.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "acme")]
pub(crate) struct Acme {
    /// Requests by route.
    pub(crate) requests_total: Family<RouteLabels, Counter>,
    /// Bytes sent.
    #[metric(unit = Bytes)]
    pub(crate) sent_bytes_total: Counter,
    /// Time to the first byte.
    #[metric(unit = Seconds, buckets = &[0.1, 1.0, 25.0], exemplars)]
    pub(crate) request_duration_seconds: Family<MethodLabels, Histogram>,
    /// Requests being served.
    pub(crate) requests_in_flight: UpDownGauge,
    /// Temperature.
    #[metric(unit = Celsius)]
    pub(crate) temperature_celsius: Gauge,
}

pub(crate) const HOSTILE: &[&str] = &[
    "\"",
    "\\",
    "\n",
    "\\n",
    "ends in \\",
    "\"} 1\n# TYPE forged counter\nforged 666",
    "\u{0}\r\u{1b}[2J\u{7f}\u{85}",
    "line\u{2028}separator\u{2029}\u{feff}",
    "\u{202e}right to left",
    "tab\there",
    "ünïcödé 🦀",
    "  spaces  ",
    "# EOF",
];

/// A registry in which every text is out to break the format.
pub(crate) fn hostile() -> Registry {
    let registry = Registry::builder()
        .const_label("region", "f\"r\\a\n")
        .build();
    let acme = registry.register::<Acme>().unwrap();
    for text in HOSTILE {
        let labels = RouteLabelsRef {
            method: Method::Get,
            route: text,
            tenant: Some(text),
        };
        acme.requests_total.inc(&labels);
    }
    acme.sent_bytes_total.inc_by(u64::MAX);
    acme.temperature_celsius.set(f64::NAN);
    let get = MethodLabels {
        method: Method::Get,
    };
    acme.request_duration_seconds
        .observe_with(&get, 0.25, |value| {
            Exemplar::new(u128::MAX, u64::MAX, value)
        });
    for (at, help) in HOSTILE.iter().enumerate() {
        registry
            .add_source(Arc::new(Told {
                name: format!("told_{at}"),
                help: (*help).into(),
            }))
            .unwrap();
    }
    registry
}

/// A gauge that stands at 1, with a help text from elsewhere.
pub(crate) struct Told {
    pub(crate) name: String,
    pub(crate) help: String,
}

impl Source for Told {
    fn head(&self) -> Head<'_> {
        Head {
            name: &self.name,
            help: &self.help,
            kind: Kind::Gauge,
            unit: Unit::None,
        }
    }

    fn visit(&self, _: &Pin, from: usize, visitor: &mut dyn Visitor) -> Option<usize> {
        (from == 0 && visitor.series(Labels { fragments: &[] }, Value::Gauge(1.0)) == Flow::Pause)
            .then_some(1)
    }
}

/// A program that judges us, if it is installed. Where nothing may be left out
/// (`NOVACRON_TEST=strict`) a missing one is a failure; elsewhere the test says what it left out.
#[expect(clippy::print_stdout, reason = "what was left out is said aloud")]
pub(crate) fn judge(program: &str, answers: &[&str]) -> Option<Command> {
    let venv = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../.venv/bin")
        .join(program);
    let found = [venv, PathBuf::from(program)].into_iter().find(|path| {
        let mut probe = Command::new(path);
        probe
            .args(answers)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    });
    if found.is_none() {
        let strict = std::env::var("NOVACRON_TEST").is_ok_and(|mode| mode == "strict");
        assert!(!strict, "{program} is not installed");
        println!("left out: {program} is not installed, so it did not judge the exposition");
    }
    found.map(Command::new)
}
