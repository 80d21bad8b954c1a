//! A family that is being read: lines become series.

use std::collections::HashMap;
use std::sync::Arc;

use super::foreign::{Bounds, Foreign, Reading, Row};
use crate::label::fragment::fragment;
use crate::label::open;
use crate::metric::Kind;
use crate::metric::bounds;

/// Why a line is left out.
pub(super) type Refused = &'static str;

/// The labels of a series, as they stand on the wire, sorted by name.
type Fragments = Arc<[Box<str>]>;

/// Names and values of labels, as they were read.
type Pairs<'a> = Vec<(&'a str, String)>;

/// A family of which not all lines were read yet.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) name: String,
    help: String,
    kind: Kind,
    places: HashMap<Fragments, usize>,
    rows: Vec<Parts>,
}

/// What the lines of one series said so far.
#[derive(Debug)]
struct Parts {
    labels: Fragments,
    /// The one number of a counter or gauge.
    number: Option<Reading>,
    /// Bounds, and how many observations are at or below them.
    buckets: Vec<(f64, u64)>,
    quantiles: Vec<(f64, f64)>,
    sum: Option<f64>,
    count: Option<u64>,
    /// Two lines said the same thing: which of them to believe?
    twice: bool,
}

/// What one line says.
enum Line {
    Number(Reading),
    Bucket(f64, u64),
    Quantile(f64, f64),
    Sum(f64),
    Count(u64),
}

impl Draft {
    pub(super) fn new(name: String, help: String, kind: Kind) -> Self {
        Self {
            name,
            help,
            kind,
            places: HashMap::new(),
            rows: Vec::new(),
        }
    }

    /// Takes one line.
    pub(super) fn sample(
        &mut self,
        line: &str,
        is_constant: impl Fn(&str) -> bool,
    ) -> Result<(), Refused> {
        let end = line.find(['{', ' ']).ok_or("a sample has no value")?;
        let suffix = line[..end]
            .strip_prefix(&*self.name)
            .ok_or("a sample belongs to another family")?;
        let (mut labels, value) = split_labels(&line[end..])?;
        let value = value.trim();
        let number: f64 = value.parse().map_err(|_| "a value is no number")?;
        let whole = || value.parse::<u64>().map_err(|_| "a count is not whole");
        let said = match (self.kind, suffix) {
            (Kind::Counter, "") => Line::Number(match value.parse() {
                Ok(count) => Reading::Counter(count),
                Err(_) if number >= 0.0 && number.is_finite() => Reading::FloatCounter(number),
                Err(_) => return Err("a counter is negative or not finite"),
            }),
            (Kind::Gauge, "") => Line::Number(Reading::Gauge(number)),
            (Kind::Histogram, "_bucket") => Line::Bucket(take(&mut labels, "le")?, whole()?),
            (Kind::Summary, "") => Line::Quantile(take(&mut labels, "quantile")?, number),
            (Kind::Histogram | Kind::Summary, "_sum") => Line::Sum(number),
            (Kind::Histogram | Kind::Summary, "_count") => Line::Count(whole()?),
            _ => return Err("a sample belongs to another family"),
        };
        let labels = shown(labels, is_constant)?;
        self.parts(labels).add(said)
    }

    fn parts(&mut self, labels: Fragments) -> &mut Parts {
        let next = self.rows.len();
        let place = *self.places.entry(Arc::clone(&labels)).or_insert(next);
        if place == next {
            self.rows.push(Parts {
                labels,
                number: None,
                buckets: Vec::new(),
                quantiles: Vec::new(),
                sum: None,
                count: None,
                twice: false,
            });
        }
        // A place is the number of a row that was pushed, here or before.
        &mut self.rows[place]
    }

    /// The family, and how many series of it are left out.
    pub(super) fn finish(self) -> (Foreign, usize) {
        let mut known = Vec::new();
        let read = self.rows.len();
        let rows: Vec<Row> = self
            .rows
            .into_iter()
            .filter_map(|parts| parts.finish(self.kind, &mut known))
            .collect();
        let left_out = read - rows.len();
        let family = Foreign {
            name: self.name,
            help: self.help,
            kind: self.kind,
            rows,
        };
        (family, left_out)
    }
}

impl Parts {
    fn add(&mut self, said: Line) -> Result<(), Refused> {
        let twice = match said {
            Line::Number(reading) => match &self.number {
                // The first one stays.
                Some(_) => return Err("a series is there twice"),
                None => self.number.replace(reading).is_some(),
            },
            Line::Bucket(bound, count) => {
                let twice = self.buckets.iter().any(|(known, _)| *known == bound);
                self.buckets.push((bound, count));
                twice
            }
            Line::Quantile(quantile, value) => {
                let twice = self.quantiles.iter().any(|(known, _)| *known == quantile);
                self.quantiles.push((quantile, value));
                twice
            }
            Line::Sum(sum) => self.sum.replace(sum).is_some(),
            Line::Count(count) => self.count.replace(count).is_some(),
        };
        self.twice |= twice;
        Ok(())
    }

    /// The series, if all of it was there and its parts agree.
    fn finish(self, kind: Kind, known: &mut Vec<Arc<Bounds>>) -> Option<Row> {
        if self.twice {
            return None;
        }
        let reading = match kind {
            Kind::Counter | Kind::Gauge => self.number?,
            Kind::Summary => {
                let mut quantiles = self.quantiles;
                quantiles.sort_by(|a, b| a.0.total_cmp(&b.0));
                Reading::Summary {
                    quantiles: quantiles.into(),
                    sum: self.sum?,
                    count: self.count?,
                }
            }
            Kind::Histogram => {
                let (bounds, buckets) = apart(self.buckets, self.count?)?;
                Reading::Histogram {
                    bounds: shared(known, bounds),
                    buckets,
                    sum: self.sum?,
                }
            }
        };
        Some(Row {
            labels: self.labels,
            reading,
        })
    }
}

/// Bounds and buckets of cumulative ones, which must end with everything and never fall.
fn apart(mut buckets: Vec<(f64, u64)>, count: u64) -> Option<(Vec<f64>, Box<[u64]>)> {
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (last, all) = *buckets.last()?;
    if last != f64::INFINITY || all != count {
        return None;
    }
    let mut below = 0;
    let mut apart = Vec::with_capacity(buckets.len());
    for (_, upto) in &buckets {
        apart.push(upto.checked_sub(below)?);
        below = *upto;
    }
    buckets.pop();
    let bounds: Vec<f64> = buckets.into_iter().map(|(bound, _)| bound).collect();
    bounds
        .iter()
        .all(|bound| bound.is_finite())
        .then(|| (bounds, apart.into()))
}

/// The same list of bounds for all series that have it.
fn shared(known: &mut Vec<Arc<Bounds>>, bounds: Vec<f64>) -> Arc<Bounds> {
    // Series of one family hardly ever differ, so the list of lists is short.
    if let Some(same) = known.iter().find(|known| *known.bounds == *bounds) {
        return Arc::clone(same);
    }
    let made = Arc::new(Bounds {
        le: bounds::fragments(&bounds).into(),
        bounds: bounds.into(),
    });
    if known.len() < 8 {
        known.push(Arc::clone(&made));
    }
    made
}

/// Names and values of `{…}`, if there is one, and what follows.
fn split_labels(text: &str) -> Result<(Pairs<'_>, &str), Refused> {
    const BROKEN: Refused = "labels cannot be read";
    let mut labels = Vec::new();
    let Some(mut rest) = text.strip_prefix('{') else {
        return Ok((labels, text));
    };
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Ok((labels, after));
        }
        let (name, quoted) = rest.split_once("=\"").ok_or(BROKEN)?;
        let mut value = String::new();
        let mut chars = quoted.char_indices();
        let end = loop {
            match chars.next().ok_or(BROKEN)? {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next().ok_or(BROKEN)?.1 {
                    'n' => '\n',
                    c @ ('\\' | '"') => c,
                    _ => return Err(BROKEN),
                }),
                (_, c) => value.push(c),
            }
        };
        labels.push((name, value));
        rest = &quoted[end + 1..];
        rest = match rest.strip_prefix(',') {
            Some(next) => next,
            None if rest.starts_with('}') => rest,
            None => return Err(BROKEN),
        };
    }
}

/// Takes out a label that stands for a number.
fn take(labels: &mut Vec<(&str, String)>, name: &str) -> Result<f64, Refused> {
    let at = labels
        .iter()
        .position(|(label, _)| *label == name)
        .ok_or("a bucket or quantile has no bound")?;
    let bound: f64 = labels
        .swap_remove(at)
        .1
        .parse()
        .map_err(|_| "a bound is no number")?;
    if bound.is_nan() {
        return Err("a bound is no number");
    }
    Ok(bound)
}

/// The labels as we show them.
fn shown(
    labels: Vec<(&str, String)>,
    is_constant: impl Fn(&str) -> bool,
) -> Result<Fragments, Refused> {
    let mut named = Vec::with_capacity(labels.len());
    for (name, value) in labels {
        let mut bytes = name.bytes();
        let begins = bytes
            .next()
            .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        let goes_on = bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !begins || !goes_on || name.starts_with("__") || matches!(name, "le" | "quantile") {
            return Err("a label has a name that it cannot have");
        }
        let prefix = if is_constant(name) { "exported_" } else { "" };
        named.push((format!("{prefix}{name}"), value));
    }
    named.sort();
    if named.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err("a label is there twice");
    }
    Ok(named
        .iter()
        .map(|(name, value)| fragment(name, &open::sanitize(value)))
        .filter(|fragment| !fragment.is_empty())
        .map(String::into_boxed_str)
        .collect())
}
