//! What is known about a family before the program runs.

use crate::label::LabelDescriptor;

/// One family of the catalog, as a constant.
///
/// The derive makes these; everything that is generated (documents, dashboards, rules, tests)
/// reads them.
///
/// ```
/// use novacron_telemetry::catalog::ApiMetrics;
/// use novacron_telemetry::metric::Kind;
///
/// let requests = ApiMetrics::REQUESTS_TOTAL;
/// assert_eq!(requests.name, "novacron_api_requests_total");
/// assert_eq!(requests.kind, Kind::Counter);
/// assert_eq!(requests.labels.len(), 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Descriptor {
    /// The whole name, as it is scraped.
    pub name: &'static str,
    /// One sentence for `# HELP`.
    pub help: &'static str,
    /// Counter, gauge or histogram.
    pub kind: Kind,
    /// What one is one of.
    pub unit: Unit,
    /// The labels, in the order they are printed.
    pub labels: &'static [LabelDescriptor],
    /// Finite upper bounds of a histogram; empty otherwise.
    pub buckets: &'static [f64],
    /// Who writes it.
    pub writer: Writer,
    /// How the number is kept: this tells what a restart or a vanished object does to it.
    pub keeping: Keeping,
    /// The reason why the name breaks a naming rule or its group's prefix.
    pub literal: Option<&'static str>,
    /// Whether the family is absent unless the host asks for it by name.
    pub opt_in: bool,
    /// Whether the family shares its table of series with the others of its group and label set.
    pub joined: bool,
    /// Whether buckets keep exemplars.
    pub exemplars: bool,
}

impl Descriptor {
    /// A family of this name, help and instrument.
    #[must_use]
    pub const fn new<M: super::Instrument>(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            kind: M::KIND,
            unit: Unit::None,
            labels: M::LABELS,
            buckets: &[],
            writer: Writer::Host,
            keeping: M::KEEPING,
            literal: None,
            opt_in: false,
            joined: false,
            exemplars: false,
        }
    }

    /// Sets the unit.
    #[must_use]
    pub const fn unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        self
    }

    /// Sets the bounds of a histogram.
    #[must_use]
    pub const fn buckets(mut self, bounds: &'static [f64]) -> Self {
        self.buckets = bounds;
        self
    }

    /// Says who writes it.
    #[must_use]
    pub const fn writer(mut self, writer: Writer) -> Self {
        self.writer = writer;
        self
    }

    /// Says why the name is as it is.
    #[must_use]
    pub const fn literal(mut self, reason: &'static str) -> Self {
        self.literal = Some(reason);
        self
    }

    /// Leaves the family out unless the host asks for it.
    #[must_use]
    pub const fn opt_in(mut self) -> Self {
        self.opt_in = true;
        self
    }

    /// Shares one table of series among the group's families with the same label set.
    #[must_use]
    pub const fn joined(mut self) -> Self {
        self.joined = true;
        self
    }

    /// Keeps an exemplar per bucket.
    #[must_use]
    pub const fn exemplars(mut self) -> Self {
        self.exemplars = true;
        self
    }

    /// How many label sets there can be at most, caps counted, or `None` past `usize::MAX`.
    #[must_use]
    pub fn worst_case_sets(&self) -> Option<usize> {
        self.labels.iter().try_fold(1usize, |product, label| {
            let values = match label.domain {
                crate::label::Domain::Closed(texts) => texts.len(),
                // The cap's texts and the one that stands for all others.
                crate::label::Domain::Open { cap } => cap as usize + 1,
            } + usize::from(label.optional);
            product.checked_mul(values)
        })
    }

    /// How many lines an exposition can hold for it at most.
    #[must_use]
    pub fn worst_case_series(&self) -> Option<usize> {
        let lines = match self.kind {
            Kind::Histogram => self.buckets.len() + 3,
            Kind::Counter | Kind::Gauge | Kind::Summary => 1,
        };
        self.worst_case_sets()?.checked_mul(lines)
    }
}

/// The type a family is scraped as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Only ever grows, but for a restart.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Observations, counted by size.
    Histogram,
    /// Observations, with quantiles that somebody else worked out. Nothing here counts this way: it
    /// is how other libraries' families are shown.
    Summary,
}

impl Kind {
    /// The word after `# TYPE`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
            Kind::Summary => "summary",
        }
    }
}

/// What one is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// Nothing that could be said in a word.
    None,
    /// Seconds, also of Unix time.
    Seconds,
    /// Bytes.
    Bytes,
    /// A share; 1 is all of it.
    Ratio,
    /// A share of 100. Only promised names use it.
    Percent,
    /// Degrees Celsius.
    Celsius,
    /// Watts.
    Watts,
    /// Joules.
    Joules,
    /// Hertz.
    Hertz,
    /// Bytes in a second, as a measured rate.
    BytesPerSecond,
    /// A count of these things.
    Of(&'static str),
}

impl Unit {
    /// The word for documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Unit::Of(things) => things,
            unit => match unit.suffix() {
                Some(suffix) => suffix,
                None => "",
            },
        }
    }

    /// How a name with this unit ends (before `_total`); `None` if names do not carry the unit.
    #[must_use]
    pub const fn suffix(self) -> Option<&'static str> {
        match self {
            Unit::None | Unit::Of(_) => None,
            Unit::Seconds => Some("seconds"),
            Unit::Bytes => Some("bytes"),
            Unit::Ratio => Some("ratio"),
            Unit::Percent => Some("percent"),
            Unit::Celsius => Some("celsius"),
            Unit::Watts => Some("watts"),
            Unit::Joules => Some("joules"),
            Unit::Hertz => Some("hertz"),
            Unit::BytesPerSecond => Some("bytes_per_second"),
        }
    }
}

/// Who writes a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Writer {
    /// A verb of `record`, by its name.
    Verb(&'static str),
    /// A layer or service of `layer` or `expose`, by its name.
    Layer(&'static str),
    /// This library, about itself and its process.
    Library,
    /// The collector of this name, in `novacron-collectors`.
    Collector(&'static str),
    /// The host, in a group of its own.
    Host,
}

impl Writer {
    /// The name of the collector, if it is one.
    #[must_use]
    pub const fn collector(self) -> Option<&'static str> {
        match self {
            Writer::Collector(name) => Some(name),
            _ => None,
        }
    }
}

/// How a family's numbers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Keeping {
    /// Counted here; starts at 0 with the process.
    Counted,
    /// Set or moved here; the last value stays.
    Held,
    /// The greatest value of the last one to two windows of 60 seconds.
    Windowed,
    /// Read elsewhere and shown as read; a vanished object's series vanish with it.
    Read,
}
