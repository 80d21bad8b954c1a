//! What looks like a secret, or is called one, does not leave the process as a label.

use novacron_telemetry::Registry;
use novacron_telemetry::catalog::Catalog;
use novacron_telemetry::metric::{Counter, Descriptor, Family};
use novacron_telemetry::prelude::{LabelSet, LabelValue, MetricGroup};
use novacron_telemetry::record::{record_api_request, record_dwcp_migration};
use novacron_telemetry::redact::is_secret_key;

use crate::books::Books;

/// Texts that hold a secret, as they might come in a path, a node's address or an error.
const SECRETS: [&str; 6] = [
    "/api/v1/vms?token=hunter2-hunter2",
    "qemu+ssh://root:hunter2-hunter2@node-7/system",
    "password=hunter2-hunter2",
    "Authorization: Bearer hunter2-hunter2",
    "{\"api_key\":\"hunter2-hunter2\"}",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.hunter2-hunter2hunter2hunter2",
];

#[test]
fn secrets_do_not_become_labels() {
    let books = Books::new();
    books.recorder.in_scope(|| {
        for (n, secret) in SECRETS.iter().enumerate() {
            for _ in 0..3 {
                record_api_request("GET", secret, 200, 0.01);
                record_dwcp_migration(secret, "node-2", "success", 1.0);
                // Cut in the middle, a secret would still be half a secret.
                let long = format!("{}{secret}", "x".repeat(250 - n));
                record_dwcp_migration(&long, "node-2", "success", 1.0);
            }
        }
    });
    let shown = books.registry.render();
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("/api/v1/vms?token=[redacted]"), "{shown}");
    let requests = 3 * SECRETS.len();
    assert_eq!(books.sum("api_requests_total", &[]), requests as f64);
    assert_eq!(
        books.sum("dwcp_migrations_total", &[]),
        2.0 * requests as f64
    );
}

#[test]
fn a_label_that_is_called_a_secret_is_one() {
    #[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
    #[label(cap = 8)]
    struct Token(String);

    #[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
    struct Labels {
        access_token: Token,
    }

    #[derive(Clone, Debug, MetricGroup)]
    #[metrics(prefix = "acme")]
    struct Metrics {
        /// Logins.
        logins_total: Family<Labels, Counter>,
    }

    let registry = Registry::new();
    let metrics = registry.register::<Metrics>().unwrap();
    for token in ["plain words", "another"] {
        metrics.logins_total.inc(&Labels {
            access_token: Token(token.to_owned()),
        });
    }
    let shown = registry.render();
    assert!(
        shown.contains("acme_logins_total{access_token=\"[redacted]\"} 2\n"),
        "{shown}"
    );
    let called = |family: &Descriptor| {
        let names = family.labels.iter().map(|label| label.name);
        names.filter(|name| is_secret_key(name)).count()
    };
    assert_eq!(Catalog::descriptors().map(called).sum::<usize>(), 0);
}
