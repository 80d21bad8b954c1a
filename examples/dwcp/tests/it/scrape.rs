//! What `/metrics` says.

use std::{
    collections::BTreeMap,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use crate::processes::PATIENCE;

/// One answer of `/metrics`, taken apart.
pub(crate) struct Scrape(Vec<Series>);

struct Series {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// The body of an answer with status 200.
pub(crate) fn get(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // The old version sends bodies as they are.
    write!(stream, "GET {path} HTTP/1.0\r\nhost: test\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.contains(" 200 ") => Ok(body.to_owned()),
        _ => Err(io::Error::other(format!("{path}: {answer}"))),
    }
}

impl Scrape {
    pub(crate) fn of(address: SocketAddr) -> Self {
        let text = get(address, "/metrics").expect("metrics");
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self(lines.map(series).collect())
    }

    /// The sum of the series with this name and these labels. `None` if there are none.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let found = self.0.iter().filter(|series| {
            let has = |(name, value): &(&str, &str)| {
                series.labels.get(*name).is_some_and(|is| is == value)
            };
            series.name == name && labels.iter().all(has)
        });
        found
            .map(|series| series.value)
            .reduce(|sum, value| sum + value)
    }

    /// As [`sum`](Self::sum), with 0 for what is not there: a counter without labels that fit.
    pub(crate) fn count(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.sum(name, labels).unwrap_or(0.0)
    }

    /// The values of one label of a family that are not 0, with their sums.
    pub(crate) fn by(
        &self,
        name: &str,
        label: &str,
        others: &[(&str, &str)],
    ) -> BTreeMap<String, f64> {
        let mut sums = BTreeMap::new();
        for series in self.0.iter().filter(|series| series.name == name) {
            let has = |(name, value): &(&str, &str)| {
                series.labels.get(*name).is_some_and(|is| is == value)
            };
            if others.iter().all(has) && series.value != 0.0 {
                let value = series.labels.get(label).cloned().unwrap_or_default();
                *sums.entry(value).or_default() += series.value;
            }
        }
        sums
    }
}

fn series(line: &str) -> Series {
    let (id, value) = line.rsplit_once(' ').expect("a name and a value");
    let (name, labels) = id.split_once('{').unwrap_or((id, "}"));
    let labels = labels.strip_suffix('}').expect("an end of the labels");
    let labels = labels.split_terminator("\",").map(|label| {
        let (name, value) = label.split_once("=\"").expect("a label");
        (name.to_owned(), value.trim_end_matches('"').to_owned())
    });
    Series {
        name: name.to_owned(),
        labels: labels.collect(),
        value: value.parse().expect("a number"),
    }
}
