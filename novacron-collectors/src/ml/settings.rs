//! What can be set, in a file or by the documented variables.

use std::time::Duration;

/// Settings of the collector of models: the table `[collectors.ml]`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "exporter",
    derive(serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct MlSettings {
    /// Where the ML service is: `http://host:port`, with a path if it is not `/metrics`. By default
    /// what `ML_MODEL_ENDPOINT` says; if it says nothing, nobody is asked.
    pub endpoint: Option<String>,
    /// Where models run of which the service does not say it: `production`, `staging`, `development`
    /// or `test`.
    pub environment: String,
}

impl Default for MlSettings {
    fn default() -> Self {
        Self {
            endpoint: std::env::var("ML_MODEL_ENDPOINT").ok(),
            environment: "production".to_owned(),
        }
    }
}

/// The documented variables of the ML exporter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MlVariables {
    /// `ML_MODEL_ENDPOINT`: where the ML service is.
    pub endpoint: String,
    /// `EXPORT_PORT`: where to be scraped.
    pub export_port: u16,
    /// `SCRAPE_INTERVAL`, in seconds: how often to ask.
    pub interval: Duration,
}

impl Default for MlVariables {
    fn default() -> Self {
        Self {
            endpoint: "http://ml-service:8000".to_owned(),
            export_port: 9200,
            interval: Duration::from_secs(30),
        }
    }
}

impl MlVariables {
    /// The variables as `lookup` knows them, such as `|name| std::env::var(name).ok()`; a variable
    /// that is missing or empty has its default.
    ///
    /// ```
    /// use novacron_collectors::ml::MlVariables;
    ///
    /// let set = |name: &str| (name == "EXPORT_PORT").then(|| "8000".to_owned());
    /// let variables = MlVariables::read(set)?;
    /// assert_eq!(variables.export_port, 8000);
    /// assert_eq!(variables.endpoint, "http://ml-service:8000");
    /// # Ok::<(), String>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Which variable is wrong, and what it should look like.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let get = |name: &str| lookup(name).filter(|text| !text.trim().is_empty());
        let mut variables = Self::default();
        if let Some(endpoint) = get("ML_MODEL_ENDPOINT") {
            super::endpoint::parse(&endpoint).map_err(|why| format!("ML_MODEL_ENDPOINT: {why}"))?;
            variables.endpoint = endpoint;
        }
        if let Some(port) = get("EXPORT_PORT") {
            variables.export_port = crate::text::number(port.trim())
                .filter(|port| *port != 0)
                .ok_or("EXPORT_PORT: a port is a number from 1 to 65535")?;
        }
        if let Some(seconds) = get("SCRAPE_INTERVAL") {
            variables.interval = crate::text::number(seconds.trim())
                .filter(|seconds| (1..=86_400).contains(seconds))
                .map(Duration::from_secs)
                .ok_or("SCRAPE_INTERVAL: seconds, a whole number from 1 to 86400")?;
        }
        Ok(variables)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_is_wrong_is_named() {
        for (name, bad) in [
            ("EXPORT_PORT", "0"),
            ("EXPORT_PORT", "65536"),
            ("EXPORT_PORT", "http"),
            ("SCRAPE_INTERVAL", "30s"),
            ("SCRAPE_INTERVAL", "-1"),
            ("ML_MODEL_ENDPOINT", "ml-service:8000"),
            ("ML_MODEL_ENDPOINT", "https://ml-service"),
        ] {
            let error = MlVariables::read(|key| (key == name).then(|| bad.to_owned())).unwrap_err();
            assert!(error.starts_with(name), "{error}");
        }
        assert_eq!(MlVariables::read(|_| None), Ok(MlVariables::default()));
        assert_eq!(
            MlVariables::read(|_| Some(" ".into())),
            Ok(MlVariables::default())
        );
    }
}
