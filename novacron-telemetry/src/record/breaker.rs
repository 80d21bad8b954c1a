//! Circuit breakers in front of providers.

use super::current::with_current;
use super::provider::with_provider;
use super::{Recorder, current};
use crate::catalog::ProviderType;
use crate::catalog::provider::ProviderLabelsRef;
use crate::metric::{Counter, Gauge};

/// The breaker in front of one provider, held by whoever owns it. It is closed when it is made, and
/// its state is no longer shown once it is dropped.
///
/// ```
/// use novacron_telemetry::catalog::ProviderType;
/// use novacron_telemetry::record::{BreakerState, CircuitBreaker};
///
/// let breaker = CircuitBreaker::new(ProviderType::Vsphere, "vc-1");
/// breaker.failed();
/// breaker.is(BreakerState::Open);
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, its state is not shown"]
pub struct CircuitBreaker {
    state: Gauge,
    failures: Counter,
}

/// Whether calls go through a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// They do.
    Closed,
    /// One does, to see whether the provider has come back.
    HalfOpen,
    /// None does.
    Open,
}

impl BreakerState {
    /// `closed`, `half_open` or `open`.
    #[must_use]
    pub fn parse(state: &str) -> Option<Self> {
        match state {
            "closed" => Some(Self::Closed),
            "half_open" | "half-open" => Some(Self::HalfOpen),
            "open" => Some(Self::Open),
            _ => None,
        }
    }

    /// The number it is shown as.
    fn value(self) -> f64 {
        match self {
            Self::Closed => 0.0,
            Self::HalfOpen => 1.0,
            Self::Open => 2.0,
        }
    }
}

impl CircuitBreaker {
    /// A closed breaker in front of this provider.
    pub fn new(provider_type: ProviderType, provider: &str) -> Self {
        Self::new_with(&current::current(), provider_type, provider)
    }

    /// A closed breaker in front of this provider, recorded by `recorder`.
    pub fn new_with(recorder: &Recorder, provider_type: ProviderType, provider: &str) -> Self {
        let families = &recorder.catalog().provider;
        let labels = ProviderLabelsRef {
            provider_type,
            provider,
        };
        let breaker = Self {
            state: families.circuit_breaker_state.with(&labels),
            failures: families.circuit_breaker_failures_total.with(&labels),
        };
        breaker.is(BreakerState::Closed);
        breaker
    }

    /// It changed to this state, or stays in it.
    pub fn is(&self, state: BreakerState) {
        self.state.set(state.value());
    }

    /// It counted a call as failed.
    #[inline]
    pub fn failed(&self) {
        self.failures.inc();
    }
}

impl Drop for CircuitBreaker {
    fn drop(&mut self) {
        self.state.clear();
    }
}

/// The state of a provider's circuit breaker: `closed`, `half_open` or `open`.
///
/// ```
/// novacron_telemetry::record::update_circuit_breaker("libvirt", "host-1", "half_open");
/// ```
pub fn update_circuit_breaker(provider_type: &str, provider: &str, state: &str) {
    with_current(|recorder| {
        if let Some(state) = recorder.known(BreakerState::parse(state)) {
            with_provider(recorder, provider_type, provider, |labels| {
                let gauge = &recorder.catalog().provider.circuit_breaker_state;
                gauge.set(labels, state.value());
            });
        }
    });
}

/// A breaker counted a call as failed.
///
/// ```
/// novacron_telemetry::record::record_circuit_breaker_failure("libvirt", "host-1");
/// ```
pub fn record_circuit_breaker_failure(provider_type: &str, provider: &str) {
    with_current(|recorder| {
        with_provider(recorder, provider_type, provider, |labels| {
            let failures = &recorder.catalog().provider.circuit_breaker_failures_total;
            failures.inc(labels);
        });
    });
}
