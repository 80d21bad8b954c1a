//! One small registry, written out whole in both formats, and how it is cut into chunks.

use std::sync::Arc;

use novacron_telemetry::Registry;
use novacron_telemetry::expose::Format;
use novacron_telemetry::metric::exemplar::Exemplar;
use novacron_telemetry::registry::visit::{
    Flow, Head, Kind, Labels, Pin, Source, Unit, Value, Visitor,
};

use crate::support::{Acme, Method, MethodLabels, RouteLabelsRef, Told, samples};

fn small() -> Registry {
    let registry = Registry::builder().const_label("region", "fra").build();
    let acme = registry.register::<Acme>().unwrap();
    acme.requests_total.inc(&RouteLabelsRef {
        method: Method::Get,
        route: "/vms/{id}",
        tenant: None,
    });
    acme.requests_total.inc_by(
        &RouteLabelsRef {
            method: Method::Put,
            route: "a\"b",
            tenant: Some("t"),
        },
        2,
    );
    acme.sent_bytes_total.inc_by((1 << 53) + 1);
    acme.temperature_celsius.set(-0.5);
    acme.requests_in_flight.inc();
    let mut exemplar = Exemplar::new(0xab, 0xcd, 0.5);
    exemplar.unix_seconds = 1_700_000_000.25;
    let get = MethodLabels {
        method: Method::Get,
    };
    acme.request_duration_seconds
        .observe_with(&get, 0.5, |_| exemplar);
    acme.request_duration_seconds.observe(&get, 30.0);
    registry
}

fn open_metrics(registry: &Registry) -> String {
    String::from_utf8(registry.chunks(Format::OpenMetrics).flatten().collect()).unwrap()
}

const TEXT: &str = r#"# HELP acme_request_duration_seconds Time to the first byte.
# TYPE acme_request_duration_seconds histogram
acme_request_duration_seconds_bucket{region="fra",method="get",le="0.1"} 0
acme_request_duration_seconds_bucket{region="fra",method="get",le="1.0"} 1
acme_request_duration_seconds_bucket{region="fra",method="get",le="25.0"} 1
acme_request_duration_seconds_bucket{region="fra",method="get",le="+Inf"} 2
acme_request_duration_seconds_sum{region="fra",method="get"} 30.5
acme_request_duration_seconds_count{region="fra",method="get"} 2
acme_request_duration_seconds_bucket{region="fra",method="put",le="0.1"} 0
acme_request_duration_seconds_bucket{region="fra",method="put",le="1.0"} 0
acme_request_duration_seconds_bucket{region="fra",method="put",le="25.0"} 0
acme_request_duration_seconds_bucket{region="fra",method="put",le="+Inf"} 0
acme_request_duration_seconds_sum{region="fra",method="put"} 0
acme_request_duration_seconds_count{region="fra",method="put"} 0
# HELP acme_requests_in_flight Requests being served.
# TYPE acme_requests_in_flight gauge
acme_requests_in_flight{region="fra"} 1
# HELP acme_requests_total Requests by route.
# TYPE acme_requests_total counter
acme_requests_total{region="fra",method="get",route="/vms/{id}"} 1
acme_requests_total{region="fra",method="put",route="a\"b",tenant="t"} 2
# HELP acme_sent_bytes_total Bytes sent.
# TYPE acme_sent_bytes_total counter
acme_sent_bytes_total{region="fra"} 9007199254740993
# HELP acme_temperature_celsius Temperature.
# TYPE acme_temperature_celsius gauge
acme_temperature_celsius{region="fra"} -0.5
"#;

#[test]
fn the_text_format_is_this() {
    assert_eq!(small().render(), TEXT);
}

#[test]
fn open_metrics_names_counters_without_total_and_adds_units_exemplars_and_an_end() {
    let exemplar = format!(
        r#"le="1.0"}} 1 # {{trace_id="{:032x}",span_id="{:016x}"}} 0.5 1700000000.250"#,
        0xab, 0xcd
    );
    let expected = TEXT
        .replacen(r#"le="1.0"} 1"#, &exemplar, 1)
        .replace("# HELP acme_requests_total", "# HELP acme_requests")
        .replace("# TYPE acme_requests_total", "# TYPE acme_requests")
        .replace("# HELP acme_sent_bytes_total", "# HELP acme_sent_bytes")
        .replace(
            "# TYPE acme_sent_bytes_total counter\n",
            "# TYPE acme_sent_bytes counter\n# UNIT acme_sent_bytes bytes\n",
        )
        .replace(
            "_seconds histogram\n",
            "_seconds histogram\n# UNIT acme_request_duration_seconds seconds\n",
        )
        .replace(
            "_celsius gauge\n",
            "_celsius gauge\n# UNIT acme_temperature_celsius celsius\n",
        )
        + "# EOF\n";
    assert_eq!(open_metrics(&small()), expected);
}

#[test]
fn a_family_without_series_still_says_that_it_exists() {
    let registry = Registry::new();
    registry.register::<Acme>().unwrap();
    let text = registry.render();
    assert!(text.contains(
        "# HELP acme_requests_total Requests by route.\n# TYPE acme_requests_total counter\n# HELP"
    ));
    assert!(!text.contains("acme_requests_total{"), "{text}");
}

#[test]
fn odd_numbers_are_spelt_as_scrapers_read_them() {
    let registry = Registry::new();
    let acme = registry.register::<Acme>().unwrap();
    for (value, spelling) in [
        (f64::NAN, "NaN"),
        (f64::INFINITY, "+Inf"),
        (f64::NEG_INFINITY, "-Inf"),
        (0.1 + 0.2, "0.30000000000000004"),
        (5e-324, "5e-324"),
        (f64::MAX, "1.7976931348623157e+308"),
        (1e6, "1000000"),
        (-0.0, "-0"),
    ] {
        acme.temperature_celsius.set(value);
        let line = format!("\nacme_temperature_celsius {spelling}\n");
        let text = registry.render();
        assert!(text.contains(&line), "{line:?} is not in {text}");
        let read: f64 = spelling.parse().unwrap();
        assert!(read.to_bits() == value.to_bits() || (read.is_nan() && value.is_nan()));
    }
}

#[test]
fn chunks_are_whole_lines_of_at_most_64_kib_and_add_up_to_the_whole() {
    let registry = small();
    let acme = registry.register::<Acme>().unwrap();
    for at in 0..5000 {
        let route = format!("/{at}");
        acme.requests_total.inc(&RouteLabelsRef {
            method: Method::Get,
            route: &route,
            tenant: Some("tenant"),
        });
    }
    for format in [Format::Text, Format::OpenMetrics] {
        let chunks: Vec<Vec<u8>> = registry.chunks(format).collect();
        assert!(chunks.len() > 4, "{} chunks", chunks.len());
        for (at, chunk) in chunks.iter().enumerate() {
            assert!(chunk.len() <= 64 * 1024, "{} bytes", chunk.len());
            assert!(chunk.ends_with(b"\n"));
            assert!(
                at + 1 == chunks.len() || chunk.len() > 60 * 1024,
                "chunk {at} is not full"
            );
        }
        let whole = String::from_utf8(chunks.concat()).unwrap();
        assert_eq!(
            whole.matches("# TYPE acme_requests").count(),
            2,
            "a head is written once"
        );
        assert_eq!(samples(&registry.render()).len(), 12 + 1 + 5002 + 1 + 1);
        if format == Format::Text {
            assert_eq!(whole, registry.render());
        }
    }
}

#[test]
fn heads_alone_are_cut_into_chunks_too() {
    let registry = Registry::new();
    for at in 0..2000 {
        let help = "x".repeat(100);
        registry
            .add_source(Arc::new(Empty(Told {
                name: format!("empty_{at}"),
                help,
            })))
            .unwrap();
    }
    let chunks: Vec<Vec<u8>> = registry.chunks(Format::Text).collect();
    assert!(chunks.len() > 3);
    assert!(chunks.iter().all(|chunk| chunk.len() <= 64 * 1024));
    assert_eq!(
        chunks
            .concat()
            .iter()
            .filter(|byte| **byte == b'\n')
            .count(),
        4000
    );
}

#[test]
fn a_series_longer_than_a_chunk_stands_alone() {
    let registry = small();
    let long = format!("text=\"{}\"", "x".repeat(1 << 20));
    registry.add_source(Arc::new(Long(long.clone()))).unwrap();
    let chunks: Vec<Vec<u8>> = registry.chunks(Format::Text).collect();
    let longest = chunks.iter().map(Vec::len).max().unwrap();
    assert!(longest > 1 << 20 && longest < (1 << 20) + 1024, "{longest}");
    assert_eq!(
        String::from_utf8(chunks.concat()).unwrap(),
        registry.render()
    );
    assert!(
        registry
            .render()
            .contains(&format!("acme_requests_long{{region=\"fra\",{long}}} 1\n"))
    );
}

struct Empty(Told);

impl Source for Empty {
    fn head(&self) -> Head<'_> {
        self.0.head()
    }

    fn visit(&self, _: &Pin, _: usize, _: &mut dyn Visitor) -> Option<usize> {
        None
    }
}

struct Long(String);

impl Source for Long {
    fn head(&self) -> Head<'_> {
        Head {
            name: "acme_requests_long",
            help: "Long.",
            kind: Kind::Gauge,
            unit: Unit::None,
        }
    }

    fn visit(&self, _: &Pin, from: usize, visitor: &mut dyn Visitor) -> Option<usize> {
        (from == 0
            && visitor.series(
                Labels {
                    fragments: &[&self.0],
                },
                Value::Gauge(1.0),
            ) == Flow::Pause)
            .then_some(1)
    }
}
