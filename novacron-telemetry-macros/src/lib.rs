//! Derives and attributes of `novacron-telemetry`.
//!
//! Take them from there: expansions call that library, this crate holds no code that runs.
//!
//! | macro | on | makes |
//! |---|---|---|
//! | [`LabelValue`](macro@LabelValue) | an enum, or a newtype around text | one value of a label |
//! | [`LabelSet`](macro@LabelSet) | a struct of label values | the labels of one family |
//! | [`MetricGroup`](macro@MetricGroup) | a struct of instruments | a group that a registry can hold |
//! | [`instrument_api`](macro@instrument_api) | a function | one API request per call |
//! | [`instrument_migration`](macro@instrument_migration) | a function | one migration per call |
//! | [`instrument_query`](macro@instrument_query) | a function | one database statement per call |
//! | [`instrument_vm`](macro@instrument_vm) | a function | one operation on a VM per call |
//! | [`instrument_job`](macro@instrument_job) | a function | one provisioning job per call |
//! | [`instrument_task`](macro@instrument_task) | a function | one run of a background job per call |
//! | [`instrument_reconcile`](macro@instrument_reconcile) | a function | one reconcile loop per call |
//! | [`instrument_provider_call`](macro@instrument_provider_call) | a function | one call to a provider per call |
//! | [`instrument_external_call`](macro@instrument_external_call) | a function | one call to an outside service per call |
//!
//! All of them take `crate = path` for hosts that re-export the library under another name, all say
//! what they expected where something else was written, and all print what they expand to if the
//! environment variable `NOVACRON_MACROS_DEBUG` is `1` while compiling.

mod args;
mod case;
mod debug;
mod doc;
mod errors;
mod instrument;
mod label_set;
mod label_value;
mod metric_group;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// One value of a label: closed (an enum) or open (a newtype around text).
///
/// # Closed: an enum without fields
///
/// Its texts are its variants in snake_case. Every text is known, so a family of closed labels
/// needs no table and starts at zero. The enum has to be `Copy`.
///
/// ```
/// use novacron_telemetry::label::{Domain, LabelValue};
///
/// #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
/// #[label(ignore_case)]
/// enum Window {
///     #[label(rename = "1m")]
///     Minute,
///     WholeDay,
///     #[label(other)]
///     Other,
/// }
///
/// assert_eq!(Window::DOMAIN, Domain::Closed(&["1m", "whole_day", "other"]));
/// assert_eq!(Window::WholeDay.as_str(), "whole_day");
/// assert_eq!(Window::parse("Whole_Day"), Some(Window::WholeDay));
/// assert_eq!(Window::from("fortnight"), Window::Other);
/// assert_eq!(Window::ALL.len(), 3);
/// ```
///
/// | on | key | what it does |
/// |---|---|---|
/// | enum | `rename_all = "…"` | `snake_case` (default), `SCREAMING_SNAKE_CASE`, `kebab-case`, `camelCase`, `PascalCase`, `lowercase`, `UPPERCASE` or `Title Case` |
/// | enum | `ignore_case` | `parse` and `from` take any (ASCII) case |
/// | variant | `rename = "…"` | its text, as it is |
/// | variant | `other` | stands for all unknown texts: adds `From<&str>` |
///
/// Besides `LabelValue` and `Display` the enum gets `ALL`, `as_str` and `parse`.
///
/// # Open: a newtype around text
///
/// It states how many different texts a family keeps; all further ones become `__other__`, and are
/// counted. The text is held as `Arc<str>` (cheapest to clone), `String`, `Box<str>` or
/// `Cow<'static, str>`.
///
/// ```
/// use novacron_telemetry::label::{Domain, LabelValue};
///
/// #[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
/// #[label(cap = 200)]
/// struct Region(std::sync::Arc<str>);
///
/// assert_eq!(Region::DOMAIN, Domain::Open { cap: 200 });
/// assert_eq!(Region::from("fra").as_str(), "fra");
/// ```
///
/// Besides `LabelValue`, `Display` and `AsRef<str>` it gets `as_str` and `From` texts.
///
/// # Expansion
///
/// ```text
/// impl LabelValue for Window {
///     const DOMAIN: Domain = Domain::Closed(&["1m", "whole_day", "other"]);
///     type Ref<'a> = Self;
///     fn to_ref(&self) -> Self { *self }
///     fn part(value: Self) -> Part<'_> { Part::Index(value as u32) }
/// }
/// impl LabelValue for Region {
///     const DOMAIN: Domain = Domain::Open { cap: 200 };
///     type Ref<'a> = &'a str;
///     fn to_ref(&self) -> &str { self.0.as_ref() }
///     fn part(value: &str) -> Part<'_> { Part::Text(value) }
/// }
/// ```
#[proc_macro_derive(LabelValue, attributes(label))]
pub fn label_value(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    debug::shown("LabelValue", label_value::derive(&input))
}

/// The labels of one family: a struct with one label value per field.
///
/// The names of the fields are the labels (`r#type` is `type`). `le`, `quantile`, `job`, `instance`
/// and names that start with `__` belong to Prometheus and do not compile.
///
/// A borrowed twin comes with it, named like the set with `Ref` at the end: the same fields, the
/// open ones as `&str`. A family finds a series with either, and with the twin it clones no text.
///
/// ```
/// use novacron_telemetry::label::{LabelKey, LabelSet, LabelValue};
///
/// #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
/// enum Plan {
///     Free,
///     Pro,
/// }
///
/// #[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
/// #[label(cap = 50)]
/// struct Region(String);
///
/// #[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
/// struct InvoiceLabels {
///     plan: Plan,
///     #[label(rename = "zone")]
///     region: Region,
///     reminder: Option<bool>, // left out if `None`
/// }
///
/// let names: Vec<_> = InvoiceLabels::LABELS.iter().map(|label| label.name).collect();
/// assert_eq!(names, ["plan", "zone", "reminder"]);
///
/// let owned = InvoiceLabels { plan: Plan::Pro, region: "fra".into(), reminder: None };
/// let borrowed = InvoiceLabelsRef { plan: Plan::Pro, region: "fra", reminder: None };
/// assert_eq!(owned.parts(), borrowed.parts());
/// ```
///
/// | on | key | what it does |
/// |---|---|---|
/// | field | `rename = "…"` | the label's name |
///
/// # Expansion
///
/// ```text
/// struct InvoiceLabelsRef<'a> { plan: Plan, region: &'a str, reminder: Option<bool> }
/// impl LabelSet for InvoiceLabels {
///     const LABELS: &'static [LabelDescriptor] = &[LabelDescriptor::of::<Plan>("plan"), …];
///     type Ref<'a> = InvoiceLabelsRef<'a>;
/// }
/// impl LabelKey<InvoiceLabels> for InvoiceLabels { … }        // parts, and the place among all
/// impl LabelKey<InvoiceLabels> for InvoiceLabelsRef<'_> { … } // sets if every label is closed
/// ```
#[proc_macro_derive(LabelSet, attributes(label))]
pub fn label_set(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    debug::shown("LabelSet", label_set::derive(&input))
}

/// A group of metrics: a struct of instruments, each field one family.
///
/// The first paragraph of a field's doc comment is its HELP text. The name is the group's prefix and
/// the field; type and labels are those of the field's type, whatever it is called.
///
/// ```
/// use novacron_telemetry::label::{LabelSet, LabelValue};
/// use novacron_telemetry::metric::{Counter, Family, Gauge, Histogram, Kind, buckets};
/// use novacron_telemetry::registry::{MetricGroup, Registry};
///
/// #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
/// enum Plan {
///     Free,
///     Pro,
/// }
///
/// #[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
/// struct PlanLabels {
///     plan: Plan,
/// }
///
/// #[derive(Clone, Debug, MetricGroup)]
/// #[metrics(prefix = "acme_billing")]
/// struct BillingMetrics {
///     /// Invoices sent, by plan.
///     #[metric(unit = "invoices")]
///     invoices_total: Family<PlanLabels, Counter>,
///
///     /// Time from closing the books to sending an invoice.
///     #[metric(unit = Seconds, buckets = buckets::JOB)]
///     delay_seconds: Histogram,
///
///     /// Machines that are billed.
///     #[metric(literal = "acme_machines_total", reason = "dashboards in the field query it")]
///     machines: Gauge,
/// }
///
/// assert_eq!(BillingMetrics::INVOICES_TOTAL.name, "acme_billing_invoices_total");
/// assert_eq!(BillingMetrics::INVOICES_TOTAL.kind, Kind::Counter);
///
/// let billing = Registry::new().register::<BillingMetrics>()?;
/// billing.invoices_total.inc(&PlanLabels { plan: Plan::Pro });
/// # Ok::<(), novacron_telemetry::Error>(())
/// ```
///
/// | on | key | what it does |
/// |---|---|---|
/// | struct | `prefix = "…"` | how every name begins; needed |
/// | struct, field | `writer = …` | who writes it: `Verb("…")`, `Layer("…")`, `Collector("…")`, `Library` or `Host` (default) |
/// | field | `unit = …` | `Seconds`, `Bytes`, `Ratio`, `Percent`, `Celsius`, `Watts`, `Joules`, `Hertz`, `BytesPerSecond`, or a text for things that are counted |
/// | field | `buckets = …` | bounds of a histogram, a `&'static [f64]` |
/// | field | `literal = "…"` | the whole name, for one that was promised; lifts the rules of style |
/// | field | `reason = "…"` | why there is a literal name; needed with it |
/// | field | `opt_in` | left out unless the host asks for it |
/// | field | `joined` | shares its table of series with the group's families of the same labels |
/// | field | `exemplars` | buckets keep trace ids |
///
/// # What does not compile
///
/// A missing HELP text or one without a capital; a name that is not snake_case; `_total` on
/// anything but a counter, a counter without it; a unit in the name that is not the declared one, or
/// not a base unit; a type in the name; a histogram without bounds, bounds that do not ascend; two
/// fields of one name. Each is told on the field.
///
/// # Expansion
///
/// ```text
/// impl MetricGroup for BillingMetrics {
///     const DESCRIPTORS: &'static [Descriptor] = &[
///         Descriptor::new::<Family<PlanLabels, Counter>>("acme_billing_invoices_total", "Invoices sent, by plan.")
///             .unit(Unit::Of("invoices")),
///         …
///     ];
///     fn register(scope: &mut Scope<'_>) -> Result<Self> { … }
///     fn noop() -> Self { … }
/// }
/// impl BillingMetrics {
///     #[doc(alias = "acme_billing_invoices_total")]
///     pub const INVOICES_TOTAL: &'static Descriptor = &Self::DESCRIPTORS[0];
///     …
/// }
/// const _: () = { assert!(check::total_suffix(…), "…"); … };      // the rules, on the field
/// ```
#[proc_macro_derive(MetricGroup, attributes(metrics, metric))]
pub fn metric_group(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    debug::shown("MetricGroup", metric_group::derive(&input))
}

/// Makes the entry point of an attribute: its documentation lies beside the room that makes it.
macro_rules! attributes {
    ($($name:ident: $description:ident, $docs:literal;)*) => {$(
        #[doc = include_str!($docs)]
        #[proc_macro_attribute]
        pub fn $name(args: TokenStream, item: TokenStream) -> TokenStream {
            let expansion = instrument::expand(&instrument::$description, args.into(), &item.into());
            debug::shown(stringify!($name), expansion)
        }
    )*};
}

attributes! {
    instrument_api: API, "instrument/docs/api.md";
    instrument_migration: MIGRATION, "instrument/docs/migration.md";
    instrument_query: QUERY, "instrument/docs/query.md";
    instrument_vm: VM, "instrument/docs/vm.md";
    instrument_job: JOB, "instrument/docs/job.md";
    instrument_task: TASK, "instrument/docs/task.md";
    instrument_reconcile: RECONCILE, "instrument/docs/reconcile.md";
    instrument_provider_call: PROVIDER_CALL, "instrument/docs/provider_call.md";
    instrument_external_call: EXTERNAL_CALL, "instrument/docs/external_call.md";
}
