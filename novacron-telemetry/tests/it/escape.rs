//! Whatever a text holds, it is read back as it was, and forges nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use novacron_telemetry::Registry;
use proptest::prelude::*;

use crate::support::{Acme, HOSTILE, Line, Method, RouteLabelsRef, Told, hostile, parse, samples};

/// What a line reader or a terminal would act on.
fn acts(c: char) -> bool {
    (c.is_control() && c != '\t' && c != '\n') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// Shows one series with this text as a label, and reads the label back.
fn shown(text: &str) -> Option<String> {
    let registry = Registry::new();
    let acme = registry.register::<Acme>().unwrap();
    acme.requests_total.inc(&RouteLabelsRef {
        method: Method::Get,
        route: text,
        tenant: None,
    });
    let all = samples(&registry.render());
    let (_, labels, value) = all
        .into_iter()
        .find(|(name, _, _)| name == "acme_requests_total")
        .unwrap();
    assert_eq!(value, 1.0);
    assert_eq!(labels.get("method").map(String::as_str), Some("get"));
    labels.get("route").cloned()
}

fn texts() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "\"", "\\", "\n", "}", "{", " ", "# ", "\r", "\0", "\u{2028}", "n", "1", "é",
    ]);
    prop_oneof![
        prop::collection::vec(odd, 0..24).prop_map(|pieces| pieces.concat()),
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_label_value_is_read_back_as_it_was(text in texts()) {
        let read = shown(&text).unwrap_or_default();
        if text.len() <= 256 && !text.contains(acts) {
            prop_assert_eq!(read, text);
        } else {
            prop_assert!(!read.contains(acts));
            prop_assert!(read.len() <= 256);
        }
    }

    #[test]
    fn two_texts_are_two_series(first in texts(), second in texts()) {
        prop_assume!(first != second);
        prop_assert_ne!(shown(&first), shown(&second));
    }

    #[test]
    fn a_help_text_is_read_back_as_it_was(help in texts()) {
        let registry = Registry::new();
        registry.add_source(Arc::new(Told { name: "told".into(), help: help.clone() })).unwrap();
        let lines = parse(&registry.render());
        prop_assert_eq!(lines.len(), 3, "HELP, TYPE and one sample: {:?}", lines);
        let expected = help.replace(acts, "\u{fffd}");
        prop_assert_eq!(&lines[0], &Line::Help { family: "told".into(), text: expected });
    }
}

#[test]
fn a_megabyte_is_cut_and_stays_distinct() {
    let long = "ü".repeat(1 << 19);
    let read = shown(&long).unwrap();
    assert!(read.len() <= 256 && read.starts_with("üüü"), "{read}");
    assert_ne!(Some(read), shown(&format!("{long}.")));
}

#[test]
fn a_hostile_registry_shows_each_text_once_and_forges_nothing() {
    let text = hostile().render();
    assert!(!text.chars().any(acts), "control characters reach the wire");
    let lines = parse(&text);
    let mut routes = BTreeSet::new();
    for line in &lines {
        match line {
            Line::Sample { name, labels, .. } => {
                assert!(
                    ["acme_", "told_"]
                        .iter()
                        .any(|prefix| name.starts_with(prefix)),
                    "{name}"
                );
                assert_eq!(labels["region"], "f\"r\\a\n");
                routes.extend(labels.get("route").cloned());
            }
            Line::Type { kind, .. } => {
                assert!(["counter", "gauge", "histogram"].contains(&&**kind));
            }
            Line::Help { .. } => {}
            Line::Other(line) => panic!("forged: {line}"),
        }
    }
    assert_eq!(routes.len(), HOSTILE.len());
}
