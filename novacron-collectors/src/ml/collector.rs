//! Asking the service.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use novacron_telemetry::catalog::MlMetrics;
use novacron_telemetry::catalog::ml::{Environment, MlError};
use novacron_telemetry::collect::{CollectError, Collector, Run, Schedule};

use super::facts::{self, Facts};
use super::sample::{Sample, Wrong};
use super::totals::Totals;
use super::{MlSettings, endpoint, json, publish, text};
use crate::http::{Answer, Client, Error};

/// Reads models; see the [module](super).
#[derive(Debug)]
pub struct MlCollector {
    /// Nobody to ask, whom to ask, or what is wrong with the settings.
    target: Option<Result<Target, String>>,
    last: Option<(Instant, Arc<Facts>)>,
    totals: Arc<Mutex<Totals>>,
}

#[derive(Debug)]
struct Target {
    client: Client,
    path: String,
    environment: Environment,
}

/// What one attempt found.
#[derive(Clone, Debug, Default)]
pub struct MlReading {
    pub(super) facts: Option<Arc<Facts>>,
    pub(super) attempt: Option<Attempt>,
    /// A reading may be thrown away when it comes late. What counters grew by is therefore found out
    /// when they are shown, and not when they are read.
    pub(super) totals: Arc<Mutex<Totals>>,
}

/// How an attempt went.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub(super) took: Duration,
    pub(super) error: Option<MlError>,
}

/// The most bytes of an answer.
const ANSWER: usize = 4 * 1024 * 1024;
/// For how long values are shown after the answer that held them.
const OLDEST: Duration = Duration::from_secs(90);
const ACCEPT: &str = "text/plain;version=0.0.4, application/json;q=0.5";

impl MlCollector {
    /// Models of the service that the settings name.
    #[must_use]
    pub fn new(settings: MlSettings) -> Self {
        let MlSettings {
            endpoint,
            environment,
        } = settings;
        let target = |endpoint: String| {
            let (peer, path) = endpoint::parse(&endpoint)?;
            let known = Environment::parse(&environment);
            Ok(Target {
                client: Client::new(peer, ANSWER),
                path,
                environment: known
                    .ok_or_else(|| format!("`{}` is no environment", environment.escape_debug()))?,
            })
        };
        let endpoint = endpoint.filter(|endpoint| !endpoint.trim().is_empty());
        Self {
            target: endpoint.map(target),
            last: None,
            totals: Arc::default(),
        }
    }
}

impl Collector for MlCollector {
    type Metrics = MlMetrics;
    type Reading = MlReading;

    const NAME: &'static str = "ml";
    const SCHEDULE: Schedule = Schedule::every(Duration::from_secs(30))
        .deadline(Duration::from_secs(10))
        .stale_after(OLDEST);

    fn read(&mut self, run: &mut Run) -> Result<MlReading, CollectError> {
        let target = match &self.target {
            None => {
                let why = "no ML service is named: `endpoint`, or ML_MODEL_ENDPOINT";
                return Err(CollectError::absent(why));
            }
            Some(target) => target.as_ref(),
        };
        let start = Instant::now();
        let asked = match target {
            Ok(target) => target.ask(run),
            Err(why) => Err((MlError::ConfigError, CollectError::failed(why.clone()))),
        };
        let took = start.elapsed();
        let error = match asked {
            Ok(facts) => {
                self.last = Some((start, Arc::new(facts)));
                None
            }
            Err((kind, error)) => {
                // The attempt is counted, and what was known stays for a while.
                run.fail(error);
                self.last.take_if(|(at, _)| at.elapsed() >= OLDEST);
                Some(kind)
            }
        };
        Ok(MlReading {
            facts: self.last.as_ref().map(|(_, facts)| Arc::clone(facts)),
            attempt: Some(Attempt { took, error }),
            totals: Arc::clone(&self.totals),
        })
    }

    fn publish(reading: &MlReading, metrics: &MlMetrics) {
        publish::publish(reading, metrics);
    }
}

impl Target {
    fn ask(&self, run: &mut Run) -> Result<Facts, (MlError, CollectError)> {
        // Some time is left to say that it took too long.
        let within = run.remaining().mul_f64(0.9);
        let answer = self
            .client
            .get(&self.path, ACCEPT, within)
            .map_err(|error| failure(&error))?;
        let samples = samples(&answer).map_err(|wrong| match wrong {
            Wrong::TooMany => failure(&Error::TooLarge),
            Wrong::Malformed(what) => {
                let why = format!("an answer that is not understood: {what}");
                (MlError::DataError, CollectError::failed(why))
            }
        })?;
        let (facts, left_out) = facts::facts(&samples, self.environment);
        for (name, why) in left_out {
            run.skip(name, why);
        }
        Ok(facts)
    }
}

fn samples(answer: &Answer) -> Result<Vec<Sample>, Wrong> {
    let kind = answer.header("content-type").unwrap_or_default();
    if kind
        .trim_start()
        .to_ascii_lowercase()
        .starts_with("application/json")
    {
        return json::parse(&answer.body);
    }
    match std::str::from_utf8(&answer.body) {
        Ok(body) => text::parse(body),
        Err(_) => Err(Wrong::Malformed("it is no UTF-8".to_owned())),
    }
}

fn failure(error: &Error) -> (MlError, CollectError) {
    let why = error.to_string();
    match error {
        Error::Late => (MlError::Timeout, CollectError::timed_out(why)),
        Error::TooLarge => (MlError::ResourceError, CollectError::failed(why)),
        Error::Malformed(_) => (MlError::DataError, CollectError::failed(why)),
        Error::Io(_) | Error::Status(_) => (MlError::Infrastructure, CollectError::failed(why)),
    }
}
