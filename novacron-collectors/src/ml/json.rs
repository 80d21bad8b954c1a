//! The same as JSON.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::sample::{LONGEST_TEXT, MOST_LABELS, MOST_SAMPLES, Sample, Wrong, is_name, number};

#[derive(Deserialize)]
struct Answer {
    metrics: Vec<Metric>,
}

/// Either a value, or buckets and their sum.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metric {
    name: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    value: Option<f64>,
    /// By their upper bound: how many observations were not above it.
    buckets: Option<BTreeMap<String, u64>>,
    sum: Option<f64>,
}

/// The samples of an answer.
pub(super) fn parse(body: &[u8]) -> Result<Vec<Sample>, Wrong> {
    let answer: Answer =
        serde_json::from_slice(body).map_err(|error| Wrong::Malformed(error.to_string()))?;
    let mut samples = Vec::new();
    for (at, metric) in answer.metrics.into_iter().enumerate() {
        if samples.len() + metric.buckets.as_ref().map_or(1, BTreeMap::len) > MOST_SAMPLES {
            return Err(Wrong::TooMany);
        }
        add(metric, &mut samples)
            .ok_or_else(|| Wrong::Malformed(format!("metric {} of the list", at + 1)))?;
    }
    Ok(samples)
}

fn add(metric: Metric, samples: &mut Vec<Sample>) -> Option<()> {
    let Metric {
        name,
        labels,
        value,
        buckets,
        sum,
    } = metric;
    let good = is_name(&name, true)
        && labels.len() <= MOST_LABELS
        && labels
            .iter()
            .all(|(label, value)| is_name(label, false) && value.len() <= LONGEST_TEXT);
    if !good {
        return None;
    }
    let labels: Vec<(String, String)> = labels.into_iter().collect();
    match (value, buckets, sum) {
        (Some(value), None, None) => samples.push(Sample {
            name,
            labels,
            value,
        }),
        (None, Some(buckets), Some(sum)) => {
            for (bound, count) in buckets {
                number(&bound)?;
                let mut labels = labels.clone();
                labels.push(("le".to_owned(), bound));
                samples.push(Sample {
                    name: format!("{name}_bucket"),
                    labels,
                    value: count as f64,
                });
            }
            samples.push(Sample {
                name: format!("{name}_sum"),
                labels,
                value: sum,
            });
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_or_buckets_and_their_sum_are_read() {
        let body = br#"{"service": {"any": ["thing"]}, "metrics": [
            {"name": "ml_x", "labels": {"a": "b"}, "value": 1.5},
            {"name": "ml_y", "buckets": {"1": 2, "+Inf": 3}, "sum": 4}]}"#;
        let samples = parse(body).unwrap();
        let shown: Vec<String> = samples
            .iter()
            .map(|s| format!("{}{:?} {}", s.name, s.labels, s.value))
            .collect();
        assert_eq!(
            shown,
            [
                "ml_x[(\"a\", \"b\")] 1.5",
                "ml_y_bucket[(\"le\", \"+Inf\")] 3",
                "ml_y_bucket[(\"le\", \"1\")] 2",
                "ml_y_sum[] 4",
            ]
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "",
            "[]",
            "{}",
            r#"{"metrics": {}}"#,
            r#"{"metrics": [{"value": 1}]}"#,
            r#"{"metrics": [{"name": "x"}]}"#,
            r#"{"metrics": [{"name": "x y", "value": 1}]}"#,
            r#"{"metrics": [{"name": "x", "value": "1"}]}"#,
            r#"{"metrics": [{"name": "x", "value": 1, "sum": 1}]}"#,
            r#"{"metrics": [{"name": "x", "buckets": {"one": 1}, "sum": 1}]}"#,
            r#"{"metrics": [{"name": "x", "buckets": {"1": -1}, "sum": 1}]}"#,
            r#"{"metrics": [{"name": "x", "value": 1, "colour": "red"}]}"#,
            r#"{"metrics": [{"name": "x", "labels": {"a-b": ""}, "value": 1}]}"#,
            r#"{"metrics": [{"name": "x", "value": 1}]"#,
        ] {
            assert!(
                matches!(parse(bad.as_bytes()), Err(Wrong::Malformed(_))),
                "{bad}"
            );
        }
        let deep = format!("{{\"metrics\":{}", "[".repeat(100_000));
        assert!(parse(deep.as_bytes()).is_err());
        let many = vec![r#"{"name":"x","value":1}"#; MOST_SAMPLES + 1].join(",");
        let many = format!("{{\"metrics\":[{many}]}}");
        assert_eq!(parse(many.as_bytes()), Err(Wrong::TooMany));
    }
}
