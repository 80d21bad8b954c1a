//! The table `[traces]`.

use serde::Deserialize;

use super::Config;
use crate::context::SamplingRates;
use crate::error::Result;
use crate::traces::Traces;

/// The table `[traces]`.
///
/// ```
/// use novacron_telemetry::config::Config;
///
/// let config: Config = r#"
/// [traces]
/// endpoint = "http://collector:4318"
/// [traces.sample]
/// default = 0.01
/// "#
/// .parse()?;
/// assert_eq!(config.traces.sample.default, Some(0.01));
/// assert!(config.traces()?.is_some());
/// # Ok::<(), novacron_telemetry::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TracesConfig {
    /// The collector, as `OTEL_EXPORTER_OTLP_ENDPOINT` says it. Without one there are no traces.
    pub endpoint: Option<String>,
    /// `http/protobuf` or `grpc`, as `OTEL_EXPORTER_OTLP_PROTOCOL` says it. Default: the former.
    pub protocol: Option<String>,
    /// How often traces are kept that begin here.
    pub sample: SampleConfig,
}

/// The table `[traces.sample]`: a rate from 0 to 1 for each class of work.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SampleConfig {
    /// What belongs to no other class.
    #[serde(deserialize_with = "rate")]
    pub default: Option<f64>,
    /// Changes of VMs.
    #[serde(deserialize_with = "rate")]
    pub vm_operation: Option<f64>,
    /// Migrations.
    #[serde(deserialize_with = "rate")]
    pub migration: Option<f64>,
    /// Database statements that are part of no trace yet.
    #[serde(deserialize_with = "rate")]
    pub database: Option<f64>,
    /// Health checks and scrapes.
    #[serde(deserialize_with = "rate")]
    pub health_check: Option<f64>,
}

fn rate<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<f64>, D::Error> {
    let rate = f64::deserialize(value)?;
    match (0.0..=1.0).contains(&rate) {
        true => Ok(Some(rate)),
        false => Err(serde::de::Error::custom(format!(
            "a rate is a number from 0 to 1, not {rate}"
        ))),
    }
}

impl Config {
    /// Where traces go, as the file says and the environment overrules it; `None` if neither names a
    /// collector.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) that names the variable whose
    /// value, or whose place in the file, says what cannot be.
    pub fn traces(&self) -> Result<Option<Traces>> {
        let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let file = |name: &str| match name {
            "OTEL_EXPORTER_OTLP_ENDPOINT" => self.traces.endpoint.clone(),
            "OTEL_EXPORTER_OTLP_PROTOCOL" => self.traces.protocol.clone(),
            _ => None,
        };
        let Some(traces) = Traces::from_vars(|name| env(name).or_else(|| file(name)))? else {
            return Ok(None);
        };
        let sample = &self.traces.sample;
        let usual = SamplingRates::default();
        let rates = SamplingRates {
            default: sample.default.unwrap_or(usual.default),
            vm_operation: sample.vm_operation.unwrap_or(usual.vm_operation),
            migration: sample.migration.unwrap_or(usual.migration),
            database: sample.database.unwrap_or(usual.database),
            health_check: sample.health_check.unwrap_or(usual.health_check),
            ..usual
        };
        Ok(Some(traces.rates(rates.from_vars(env)?)))
    }
}
