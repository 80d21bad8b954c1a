//! One scrape, as Prometheus makes it: a connection, a request, and the text taken apart.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// The samples of one exposition.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exposition {
    samples: BTreeMap<String, Vec<Sample>>,
}

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

impl Sample {
    pub(crate) fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

impl Exposition {
    /// Takes the text apart; a line that is none panics, for the server is ours or a judge.
    #[track_caller]
    pub(crate) fn parse(text: &str) -> Exposition {
        let mut samples: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
        for line in text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let (name, sample) =
                sample(line).unwrap_or_else(|| panic!("not a line of an exposition: {line}"));
            samples.entry(name.to_owned()).or_default().push(sample);
        }
        Exposition { samples }
    }

    /// All samples of a family that carry these labels.
    pub(crate) fn all<'a>(
        &'a self,
        name: &str,
        labels: &'a [(&'a str, &'a str)],
    ) -> impl Iterator<Item = &'a Sample> + use<'a> {
        self.samples
            .get(name)
            .into_iter()
            .flatten()
            .filter(move |sample| {
                labels
                    .iter()
                    .all(|(name, value)| sample.label(name) == *value)
            })
    }

    /// The one sample of a family with these labels.
    #[track_caller]
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut all = self.all(name, labels);
        let value = all.next()?.value;
        assert!(all.next().is_none(), "more than one {name} with {labels:?}");
        Some(value)
    }

    /// How many series carry this label, in all families.
    pub(crate) fn series_with(&self, label: &str, value: &str) -> usize {
        self.samples
            .values()
            .flatten()
            .filter(|sample| sample.label(label) == value)
            .count()
    }

    pub(crate) fn len(&self) -> usize {
        self.samples.values().map(Vec::len).sum()
    }
}

fn sample(line: &str) -> Option<(&str, Sample)> {
    let name_end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(name_end);
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, value) = rest.split_once("=\"")?;
            let (value, after) = unquote(value)?;
            labels.insert(label.to_owned(), value);
            rest = after.strip_prefix(',').unwrap_or(after);
        }
        rest = &rest[1..];
    }
    let value = rest.split_whitespace().next()?;
    let value = match value {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        number => number.parse().ok()?,
    };
    Some((name, Sample { labels, value }))
}

/// A quoted value up to its closing quote, and what follows that.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    loop {
        match characters.next()? {
            (end, '"') => return Some((value, &text[end + 1..])),
            (_, '\\') => value.push(match characters.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            (_, character) => value.push(character),
        }
    }
}

/// An answer and how long it took, connection included.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) took: Duration,
}

/// One GET on a connection of its own.
///
/// # Errors
///
/// If nobody answers within ten seconds, or not in HTTP.
pub(crate) fn get(address: SocketAddr, path: &str) -> Result<Answer, String> {
    let begun = Instant::now();
    let limit = Duration::from_secs(10);
    let exchange = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&address, limit)?;
        stream.set_read_timeout(Some(limit))?;
        stream.set_write_timeout(Some(limit))?;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    };
    let answer = exchange().map_err(|why| format!("{address}{path}: {why}"))?;
    let took = begun.elapsed();
    let (status, body) = read(&answer).ok_or_else(|| format!("{address}{path}: no HTTP answer"))?;
    Ok(Answer { status, body, took })
}

fn read(answer: &[u8]) -> Option<(u16, String)> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let chunked = lines.any(|line| line.eq_ignore_ascii_case("transfer-encoding: chunked"));
    let body = &answer[end + 4..];
    let body = if chunked {
        joined(body)?
    } else {
        body.to_vec()
    };
    Some((status, String::from_utf8(body).ok()?))
}

/// The chunks of a body put together.
fn joined(mut chunks: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = chunks.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&chunks[..end])
            .ok()?
            .split(';')
            .next()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        chunks = &chunks[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunks.get(..size)?);
        chunks = chunks.get(size + 2..)?;
    }
}
