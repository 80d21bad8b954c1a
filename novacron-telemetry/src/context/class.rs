//! What kind of work a span is, and how often traces that begin with it are kept.

use crate::catalog::Method;
use crate::catalog::exporter::SamplingClass;
use crate::error::{Error, ErrorKind, Result};

/// What kind of work a span is. It goes by the operation, not by the path alone: reading a VM is
/// ordinary, changing one is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// Everything else.
    Default,
    /// A VM changes its state: requests that change VMs, and `vm.*` spans.
    VmOperation,
    /// A migration: requests that change migrations, and `dwcp_migration` spans.
    Migration,
    /// A database statement that is part of no trace yet.
    Database,
    /// `/health`, `/healthz`, `/livez`, `/readyz` and `/metrics`.
    HealthCheck,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 5] = [
        Self::Default,
        Self::VmOperation,
        Self::Migration,
        Self::Database,
        Self::HealthCheck,
    ];

    /// The class of requests of this method and route template.
    ///
    /// ```
    /// use novacron_telemetry::catalog::Method;
    /// use novacron_telemetry::context::Class;
    ///
    /// assert_eq!(Class::of_route(Method::Post, "/api/v1/vms/{id}/start"), Class::VmOperation);
    /// assert_eq!(Class::of_route(Method::Get, "/api/v1/vms/{id}"), Class::Default);
    /// assert_eq!(Class::of_route(Method::Get, "/healthz"), Class::HealthCheck);
    /// ```
    #[must_use]
    pub fn of_route(method: Method, template: &str) -> Self {
        if matches!(
            template,
            "/health" | "/healthz" | "/livez" | "/readyz" | "/metrics"
        ) {
            return Self::HealthCheck;
        }
        if matches!(
            method,
            Method::Get | Method::Head | Method::Options | Method::Trace
        ) {
            return Self::Default;
        }
        let mut segments = template.trim_start_matches('/').split('/');
        if segments.next() != Some("api") {
            return Self::Default;
        }
        let resource = segments.find(|segment| !is_version(segment));
        match resource {
            Some("vms") => Self::VmOperation,
            Some("migrations") => Self::Migration,
            _ => Self::Default,
        }
    }

    pub(super) fn label(self) -> SamplingClass {
        match self {
            Self::Default => SamplingClass::Default,
            Self::VmOperation => SamplingClass::VmOperation,
            Self::Migration => SamplingClass::Migration,
            Self::Database => SamplingClass::Database,
            Self::HealthCheck => SamplingClass::HealthCheck,
        }
    }
}

fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// How often traces are kept, by the class of the span they begin with: numbers from 0 to 1.
///
/// ```
/// use novacron_telemetry::context::SamplingRates;
///
/// let rates = SamplingRates { database: 0.1, ..SamplingRates::default() };
/// assert_eq!((rates.migration, rates.health_check), (1.0, 0.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SamplingRates {
    /// What belongs to no other class. Default: 0.1.
    pub default: f64,
    /// Changes of VMs. Default: 1.
    pub vm_operation: f64,
    /// Migrations. Default: 1.
    pub migration: f64,
    /// Database statements that are part of no trace yet. Default: 0.5.
    pub database: f64,
    /// Health checks and scrapes, whatever their parent says. Default: 0.
    pub health_check: f64,
    /// Whether a parent in another process decides for its children here. Default: yes.
    pub honour_parent: bool,
    /// How many traces per second are kept because a parent elsewhere says so; above it the class
    /// decides. Without a limit, any client could have every one of its requests recorded. Default:
    /// 1000.
    pub parent_traces_per_second: u32,
}

impl Default for SamplingRates {
    fn default() -> Self {
        Self {
            default: 0.1,
            vm_operation: 1.0,
            migration: 1.0,
            database: 0.5,
            health_check: 0.0,
            honour_parent: true,
            parent_traces_per_second: 1000,
        }
    }
}

impl SamplingRates {
    /// The rate of a class.
    #[must_use]
    pub fn of(&self, class: Class) -> f64 {
        match class {
            Class::Default => self.default,
            Class::VmOperation => self.vm_operation,
            Class::Migration => self.migration,
            Class::Database => self.database,
            Class::HealthCheck => self.health_check,
        }
    }

    /// Sets the rate of a class.
    pub fn set(&mut self, class: Class, rate: f64) {
        match class {
            Class::Default => self.default = rate,
            Class::VmOperation => self.vm_operation = rate,
            Class::Migration => self.migration = rate,
            Class::Database => self.database = rate,
            Class::HealthCheck => self.health_check = rate,
        }
    }

    /// These rates, with what the environment says in their place.
    ///
    /// `TRACING_SAMPLING_RATE` is the rate of the default class. `OTEL_TRACES_SAMPLER` (`always_on`,
    /// `always_off`, `traceidratio`, and each with `parentbased_` before it) is the rate of every
    /// class but health checks, with `OTEL_TRACES_SAMPLER_ARG` for a ratio; without `parentbased_`
    /// parents are not asked.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`](ErrorKind::InvalidConfig), naming the variable.
    pub fn from_env(self) -> Result<Self> {
        self.from_vars(|name| std::env::var(name).ok())
    }

    /// As [`from_env`](Self::from_env), from another place than the process's environment.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    pub fn from_vars(mut self, var: impl Fn(&str) -> Option<String>) -> Result<Self> {
        const RATE: &str = "TRACING_SAMPLING_RATE";
        const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
        const ARG: &str = "OTEL_TRACES_SAMPLER_ARG";
        let set = |name: &str| var(name).filter(|value| !value.is_empty());
        if let Some(rate) = set(RATE) {
            self.default = rate_of(RATE, &rate)?;
        }
        let Some(sampler) = set(SAMPLER) else {
            return Ok(self);
        };
        let (parent, name) = match sampler.strip_prefix("parentbased_") {
            Some(name) => (true, name),
            None => (false, sampler.as_str()),
        };
        let rate = match name {
            "always_on" => 1.0,
            "always_off" => 0.0,
            "traceidratio" => match set(ARG) {
                Some(rate) => rate_of(ARG, &rate)?,
                None => 1.0,
            },
            _ => {
                return Err(Error::new(
                    ErrorKind::InvalidConfig,
                    format!(
                        "`{SAMPLER}` is `{}`; expected always_on, always_off or traceidratio, each \
                         with or without parentbased_ before it",
                        sampler.escape_debug()
                    ),
                ));
            }
        };
        self.honour_parent = parent;
        for class in Class::ALL {
            if class != Class::HealthCheck {
                self.set(class, rate);
            }
        }
        Ok(self)
    }

    /// Checks that each rate is one.
    pub(super) fn check(&self) -> Result<()> {
        for class in Class::ALL {
            let rate = self.of(class);
            if !(0.0..=1.0).contains(&rate) {
                return Err(Error::new(
                    ErrorKind::InvalidConfig,
                    format!(
                        "the sampling rate of {class:?} is {rate}; expected a number from 0 to 1"
                    ),
                ));
            }
        }
        Ok(())
    }
}

fn rate_of(name: &str, text: &str) -> Result<f64> {
    let rate = text.trim().parse().ok();
    rate.filter(|rate| (0.0..=1.0).contains(rate))
        .ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidConfig,
                format!(
                    "`{name}` is `{}`; expected a number from 0 to 1",
                    text.escape_debug()
                ),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(vars: &[(&str, &str)]) -> Result<SamplingRates> {
        let find = |name: &str| {
            let found = vars.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        SamplingRates::default().from_vars(find)
    }

    #[test]
    fn classes_go_by_operation() {
        for (method, template, class) in [
            (Method::Post, "/api/v1/vms", Class::VmOperation),
            (Method::Delete, "/api/v2/vms/{id}", Class::VmOperation),
            (Method::Patch, "/api/vms/{id}", Class::VmOperation),
            (Method::Get, "/api/v1/vms", Class::Default),
            (Method::Head, "/api/v1/migrations", Class::Default),
            (Method::Post, "/api/v1/migrations", Class::Migration),
            (Method::Post, "/api/v1/vmsizes", Class::Default),
            (Method::Post, "/api/v1/users/vms", Class::Default),
            (Method::Post, "/vms", Class::Default),
            (Method::Post, "UNMATCHED", Class::Default),
            (Method::Get, "/metrics", Class::HealthCheck),
            (Method::Get, "/readyz", Class::HealthCheck),
            (Method::Get, "/health/history", Class::Default),
        ] {
            assert_eq!(
                Class::of_route(method, template),
                class,
                "{method:?} {template}"
            );
        }
    }

    #[test]
    fn the_environment_overrides() {
        assert_eq!(rates(&[]).unwrap(), SamplingRates::default());
        let provisioner = rates(&[("TRACING_SAMPLING_RATE", "0.25")]).unwrap();
        assert_eq!((provisioner.default, provisioner.database), (0.25, 0.5));
        let all = rates(&[("OTEL_TRACES_SAMPLER", "always_on")]).unwrap();
        assert_eq!(
            (all.default, all.health_check, all.honour_parent),
            (1.0, 0.0, false)
        );
        let some = rates(&[
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.01"),
        ]);
        let some = some.unwrap();
        assert_eq!((some.migration, some.honour_parent), (0.01, true));
    }

    #[test]
    fn an_error_names_the_variable() {
        for vars in [
            [("TRACING_SAMPLING_RATE", "10%"), ("", "")],
            [("TRACING_SAMPLING_RATE", "NaN"), ("", "")],
            [("OTEL_TRACES_SAMPLER", "jaeger_remote"), ("", "")],
            [
                ("OTEL_TRACES_SAMPLER_ARG", "2"),
                ("OTEL_TRACES_SAMPLER", "traceidratio"),
            ],
        ] {
            let error = rates(&vars).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfig);
            assert!(
                error.to_string().contains(&format!("`{}`", vars[0].0)),
                "{error}"
            );
        }
    }
}
