//! The text layouts, against the patterns by which pipelines take them apart.

use novacron_telemetry::logs::LogFormat;
use regex::Regex;

use crate::support::{Random, lines_of, log, memory, quiet, random_event};

/// What the pipeline's building blocks are as regular expressions. `DATA` takes as little as it
/// can, `GREEDYDATA` as much.
fn grok(pattern: &str) -> Regex {
    let blocks = [
        (
            "TIMESTAMP_ISO8601",
            r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z",
        ),
        ("LOGLEVEL", "(?:TRACE|DEBUG|INFO|WARN|ERROR)"),
        ("DATA", ".*?"),
        ("GREEDYDATA", ".*"),
    ];
    let mut text = format!("^{pattern}$");
    for (name, expression) in blocks {
        let block = Regex::new(&format!("%\\{{{name}:([a-z_]+)\\}}")).unwrap();
        text = block
            .replace_all(
                &text,
                format!("(?P<$1>{}$2)", expression.replace('$', "$$$$")),
            )
            .into_owned();
    }
    Regex::new(&text).unwrap()
}

const TEXT: &str = r"%{TIMESTAMP_ISO8601:timestamp} \[%{LOGLEVEL:log_level}\] %{DATA:component}: %{GREEDYDATA:log_message}";
const API: &str = r"%{TIMESTAMP_ISO8601:timestamp} %{LOGLEVEL:log_level} \[%{DATA:thread}\] %{DATA:logger} - %{GREEDYDATA:log_message}";
const ML: &str = r"%{TIMESTAMP_ISO8601:timestamp} %{LOGLEVEL:log_level} \[%{DATA:stage}\] Model-%{DATA:model_name}: %{GREEDYDATA:log_message}";
const WORKFLOW: &str = r"%{TIMESTAMP_ISO8601:timestamp} %{LOGLEVEL:log_level} Workflow-%{DATA:workflow_id} Stage-%{DATA:stage}: %{GREEDYDATA:log_message}";

const LAYOUTS: [(LogFormat, &str); 4] = [
    (LogFormat::Text, TEXT),
    (LogFormat::GrokApi, API),
    (LogFormat::GrokMl, ML),
    (LogFormat::GrokWorkflow, WORKFLOW),
];

#[test]
fn random_events_match_the_pattern_of_each_layout() {
    random_lines(20_000);
}

/// The same for a million, in the step that runs optimised.
#[test]
fn a_million_random_events_match_the_pattern_of_each_layout() {
    random_lines(if cfg!(debug_assertions) {
        2_000
    } else {
        1_000_000
    });
}

fn random_lines(events: usize) {
    quiet();
    for (format, pattern) in LAYOUTS {
        let (logs, memory) = memory(|builder| builder.format(format));
        let pattern = grok(pattern);
        let mut random = Random::new(events as u64 + 1);
        let mut left = events;
        while left > 0 {
            let some = left.min(10_000);
            left -= some;
            log(&logs, || (0..some).for_each(|_| random_event(&mut random)));
            let text = memory.take();
            let mut lines = 0;
            for line in text.split_terminator('\n') {
                lines += 1;
                assert!(!line.chars().any(char::is_control), "{line:?}");
                let found = pattern.captures(line);
                let found = found.unwrap_or_else(|| panic!("{format:?}: {line}"));
                // The heads are found where they end, not earlier.
                for head in [
                    "thread",
                    "logger",
                    "stage",
                    "model_name",
                    "workflow_id",
                    "component",
                ] {
                    if let Some(head) = found.name(head) {
                        assert!(!head.as_str().contains(' '), "{line}");
                    }
                }
            }
            assert_eq!(lines, some, "one record is one line");
        }
    }
}

#[test]
fn each_layout_shows_what_its_pattern_is_for() {
    let lines = |format| {
        lines_of(
            |builder| builder.format(format).component("provisioner"),
            || {
                let job = tracing::info_span!("job", job_id = "7b1c", correlation_id = "c-42");
                let _entered = job.enter();
                tracing::warn!(
                    target: "nova::train", stage = "training", model_name = "churn v2", workflow_id = "w-9",
                    image_url = "https://images/a b", "epoch=3 accuracy=0.84"
                );
            },
        )
    };
    let part = |format, pattern: &str, name: &str| {
        let lines = lines(format);
        let pattern = grok(pattern);
        let found = pattern.captures(&lines[0]).unwrap();
        found[name].to_owned()
    };
    assert_eq!(part(LogFormat::GrokApi, API, "logger"), "nova::train");
    assert_eq!(part(LogFormat::GrokApi, API, "log_level"), "WARN");
    assert_eq!(part(LogFormat::GrokMl, ML, "stage"), "training");
    assert_eq!(part(LogFormat::GrokMl, ML, "model_name"), "churn_v2");
    assert_eq!(
        part(LogFormat::GrokWorkflow, WORKFLOW, "workflow_id"),
        "w-9"
    );
    assert_eq!(part(LogFormat::GrokWorkflow, WORKFLOW, "stage"), "training");
    for (format, pattern) in LAYOUTS {
        let message = part(format, pattern, "log_message");
        assert!(message.starts_with("epoch=3 accuracy=0.84"), "{message}");
        assert!(message.contains("correlation_id=c-42"), "{message}");
        assert!(message.contains("job_id=7b1c"), "{message}");
    }
    let text = part(LogFormat::Text, TEXT, "log_message");
    assert_eq!(
        text,
        "epoch=3 accuracy=0.84 (correlation_id=c-42, job_id=7b1c, stage=training, \
         model_name=\"churn v2\", workflow_id=w-9, image_url=\"https://images/a b\")"
    );
    assert_eq!(part(LogFormat::Text, TEXT, "component"), "provisioner");
}

#[test]
fn priorities_stand_in_front_of_a_line_for_the_journal() {
    for (format, then) in [(LogFormat::Json, "{"), (LogFormat::Text, "2")] {
        let lines = lines_of(
            |builder| builder.format(format).priorities(true),
            || {
                tracing::error!("a");
                tracing::warn!("a");
                tracing::info!("a");
                tracing::debug!("a");
                tracing::trace!("a");
            },
        );
        let found: Vec<_> = lines.iter().map(|line| &line[..4]).collect();
        let expected =
            ["<3>", "<4>", "<6>", "<7>", "<7>"].map(|priority| format!("{priority}{then}"));
        assert_eq!(found, expected);
    }
}
