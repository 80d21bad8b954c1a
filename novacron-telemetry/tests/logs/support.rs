//! Logs into memory, a JSON reader that refuses keys that come twice, and random events.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use novacron_telemetry::logs::{Logs, LogsBuilder};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use tracing_subscriber::layer::SubscriberExt;

/// Long enough for a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// What was written, kept in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Memory {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    pub(crate) fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

/// A log into memory that leaves nothing out.
pub(crate) fn memory(change: impl FnOnce(LogsBuilder) -> LogsBuilder) -> (Logs, Memory) {
    let memory = Memory::default();
    let builder = Logs::builder("api-server")
        .filter("trace")
        .rate_limit(0, 0)
        .queue_bytes(1 << 30)
        .queue_lines(1 << 30)
        .writer(memory.clone());
    (change(builder).build().unwrap(), memory)
}

/// Runs something whose events go to these logs, and flushes.
pub(crate) fn log<R>(logs: &Logs, f: impl FnOnce() -> R) -> R {
    let subscriber = tracing_subscriber::registry().with(logs.layer());
    let result = tracing::subscriber::with_default(subscriber, f);
    assert_eq!(logs.flush(SOON).lost, 0);
    result
}

/// The lines that something logs.
pub(crate) fn lines_of(
    change: impl FnOnce(LogsBuilder) -> LogsBuilder,
    f: impl FnOnce(),
) -> Vec<String> {
    let (logs, memory) = memory(change);
    log(&logs, f);
    memory.text().lines().map(str::to_owned).collect()
}

/// The objects that something logs as JSON.
pub(crate) fn objects_of(f: impl FnOnce()) -> Vec<Object> {
    lines_of(|builder| builder, f)
        .iter()
        .map(|line| object(line))
        .collect()
}

/// A JSON object in which each key stood once.
pub(crate) type Object = BTreeMap<String, Value>;

/// Reads one line.
pub(crate) fn object(line: &str) -> Object {
    match serde_json::from_str::<Unique>(line) {
        Ok(Unique(object)) => object,
        Err(error) => panic!("{error}: {line}"),
    }
}

struct Unique(Object);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = Unique;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object in which each key stands once")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unique, A::Error> {
                let mut object = Object::new();
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    if object.contains_key(&key) {
                        return Err(A::Error::custom(format!("`{key}` stands twice")));
                    }
                    object.insert(key, value);
                }
                Ok(Unique(object))
            }
        }

        deserializer.deserialize_map(Keys)
    }
}

/// Says of a line whether it is one, and what the schema has against it.
#[derive(Debug)]
pub(crate) struct Judge(jsonschema::Validator);

impl Judge {
    pub(crate) fn new() -> Self {
        let schema = include_str!("../../../docs/log-line.schema.json");
        let schema = serde_json::from_str(schema).unwrap();
        Self(jsonschema::validator_for(&schema).unwrap())
    }

    pub(crate) fn check(&self, line: &str) -> Object {
        assert!(
            !line.chars().any(|c| c.is_control() || c == '\u{2028}'),
            "{line:?}"
        );
        let object = object(line);
        let value = Value::Object(object.clone().into_iter().collect());
        if let Err(error) = self.0.validate(&value) {
            panic!("{error}: {line}");
        }
        object
    }
}

/// Polls until something holds.
pub(crate) fn eventually(what: &str, holds: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !holds() {
        assert!(begun.elapsed() < SOON, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_reader_refuses_keys_that_come_twice() {
    assert_eq!(object(r#"{"a":1,"b":2}"#).len(), 2);
    assert!(serde_json::from_str::<Unique>(r#"{"a":1,"a":1}"#).is_err());
}

#[test]
fn the_judge_refuses_what_breaks_the_schema() {
    let judge = Judge::new();
    let good = r#"{"timestamp":"2026-01-27T10:30:45.123Z","level":"info","service":"a","log_kind":"application"}"#;
    judge.check(good);
    for (this, that) in [
        ("info", "INFO"),
        (".123Z", "Z"),
        ("application", "other"),
        ("\"service\":\"a\"", "\"service\":1"),
        ("{", "{\"status\":\"200\","),
        ("{", "{\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\","),
        ("{", "{\"x\":[1],"),
    ] {
        let bad = good.replacen(this, that, 1);
        let value: Value = serde_json::from_str(&bad).unwrap();
        assert!(!judge.0.is_valid(&value), "{bad}");
    }
}

/// Small and good enough: xorshift.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// A text that wants to be something else.
    pub(crate) fn text(&mut self) -> String {
        const PARTS: [&str; 40] = [
            "a",
            "vm-17",
            " ",
            "  ",
            "\n",
            "\r\n",
            "\t",
            "\0",
            "\x1b[31m",
            "\x7f",
            "\u{85}",
            "\u{2028}",
            "\u{2029}",
            "\u{202e}",
            "\"",
            "\\",
            "\\n",
            "{",
            "}",
            "},{",
            ": ",
            " - ",
            "] ",
            "[",
            " Stage-",
            "Model-",
            "Workflow-",
            "=",
            ", ",
            "(",
            ")",
            "é",
            "€",
            "𝄞",
            "\u{feff}",
            "\u{e000}",
            "level",
            "\",\"level\":\"FAKE",
            "<3>",
            "2026-01-27T10:30:45.123Z",
        ];
        (0..self.below(8)).map(|_| self.pick(&PARTS)).collect()
    }

    pub(crate) fn number(&mut self) -> f64 {
        let odd = [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            -0.0,
            f64::MAX,
            f64::MIN_POSITIVE,
            5e-324,
            1.5,
            1e21,
        ];
        odd[self.below(odd.len())]
    }
}

/// Panics on purpose say nothing on the terminal.
pub(crate) fn quiet() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref() != Some(&"on purpose") {
                loud(info);
            }
        }));
    });
}

/// Panics after some words.
pub(crate) struct Panics;

impl fmt::Debug for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("so far")?;
        panic!("on purpose")
    }
}

impl fmt::Display for Panics {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("on purpose")
    }
}

/// Logs while it is written.
pub(crate) struct LogsItself;

impl fmt::Debug for LogsItself {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tracing::debug!("from inside");
        f.write_str("logged")
    }
}

/// Logs one random event, inside up to two random spans.
pub(crate) fn random_event(random: &mut Random) {
    let spans = random.below(3);
    let (text, other, number) = (random.text(), random.text(), random.next());
    let outer = (spans > 0).then(|| {
        let span = tracing::info_span!(
            "job", job_id = %text, correlation_id = ?other, level = "FAKE", message = "m",
            late = tracing::field::Empty, trace_id = 7, stage = %other, status = number
        );
        if random.below(2) == 0 {
            span.record("late", random.text());
            span.record("late", random.number());
        }
        span.entered()
    });
    let inner = (spans > 1).then(|| {
        tracing::debug_span!(
            "step", job_id = number, model_name = %random.text(), workflow_id = %random.text(),
            component = %random.text(), "odd \"name\"\n" = 1, db_password = %text
        )
        .entered()
    });
    match random.below(12) {
        0 => tracing::info!("{text}"),
        1 => tracing::warn!(status = 200u16, duration_ms = 1.5, method = "GET", "{text}"),
        2 => {
            tracing::error!(status = %text, duration_ms = random.number(), user_id = 42, "{other}");
        }
        3 => {
            tracing::debug!(timestamp = 0, level = "x", service = %text, trace_id = "y", span_id = 1,
            target = "t", thread = 1, file = "f", line = "l", log_kind = %text, "{other}");
        }
        4 => tracing::trace!(
            a = i64::MIN,
            b = u64::MAX,
            c = i128::MAX,
            d = u128::MAX,
            e = true,
            f = i128::from(number),
            g = random.number()
        ),
        5 => tracing::info!(text, other, ?text, message2 = %other),
        6 => tracing::info!(panics = ?Panics, after = 1, "{text}"),
        // A subscriber that is a thread's own is not asked again while it is at work.
        7 => tracing::info!(inner = ?LogsItself, "{text}"),
        8 => tracing::info!(
            text = other.as_str(),
            text = text.as_str(),
            text_field = 1,
            status_field = 1,
            status = "s",
            "{text}"
        ),
        9 => tracing::info!(stage = %text, model_name = %other, "epoch=3 accuracy=0.84"),
        10 => {
            tracing::error!(workflow_id = %text, stage = %other, component = %text, log_kind = "ml", "{text}");
        }
        _ => tracing::info!(
            bytes = &[1u8, 2, 255][..],
            error = &io::Error::other(text.clone()) as &(dyn std::error::Error + 'static),
            token = number,
            max_tokens = number,
            none = Option::<u8>::None,
            r#type = "raw",
            "{other}"
        ),
    }
    drop(inner);
    drop(outer);
}
