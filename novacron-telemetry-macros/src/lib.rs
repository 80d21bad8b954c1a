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

/// Counts and times each call of a function as one API request.
///
/// For handlers that no layer sees, and for steps inside one that does: there the layer owns the
/// request and is told why it failed. A call ends exactly once: with a value, or panicked, or
/// dropped before its end (status 499).
///
/// ```
/// use novacron_telemetry::instrument_api;
/// use novacron_telemetry::catalog::Status;
/// use novacron_telemetry::record::{Failure, Outcome, Recorder};
///
/// # struct Vm; struct VmId;
/// enum ApiError {
///     NotFound,
/// }
///
/// impl ApiError {
///     fn failure(&self) -> Failure {
///         Failure::from_status(Status::new(404))
///     }
/// }
///
/// // endpoint "list_vms"; success is 200, an error is 500 and `internal`
/// #[instrument_api]
/// async fn list_vms() -> Result<Vec<Vm>, ApiError> {
///     Ok(Vec::new())
/// }
///
/// #[instrument_api(endpoint = "/api/v1/vms/{id}", method = "DELETE", error = ApiError::failure)]
/// async fn delete_vm(id: VmId) -> Result<(), ApiError> {
///     Err(ApiError::NotFound)
/// }
///
/// // not a `Result`: say what it means
/// #[instrument_api(outcome = Outcome::from_option)]
/// fn find_vm(id: &VmId) -> Option<Vm> {
///     None
/// }
///
/// struct Service {
///     telemetry: Recorder,
/// }
///
/// impl Service {
///     // explicit, whatever is installed
///     #[instrument_api(telemetry = self.telemetry)]
///     async fn resize(&mut self, id: VmId) -> Result<(), ApiError> {
///         Ok(())
///     }
/// }
/// ```
///
/// | key | value | default |
/// |---|---|---|
/// | `endpoint` | the route's template, a `&'static str` | the function's name |
/// | `method` | `"GET"`, `"HEAD"`, `"POST"`, `"PUT"`, `"PATCH"`, `"DELETE"`, `"OPTIONS"`, `"TRACE"` or `"CONNECT"` | `OTHER` |
/// | `error` | a function from `&E` to `Failure`, if the function returns `Result<_, E>` | 500, `internal` |
/// | `outcome` | a function from `&T` to `Outcome`, or what turns into one (`bool`, `Status`, `Failure`) | what `T` says of itself: `ToOutcome` |
/// | `telemetry` | what records: a `Telemetry` or a `Recorder`, by value or reference | the one of the work at hand, else the installed one |
///
/// `async fn` and `fn`, methods, generics, `impl Trait` and borrowed arguments work, and so does a
/// function whose body ends in an async block that it returns: `Box::pin(async move { … })`, which
/// is what `async_trait` makes. Arguments are evaluated when the work begins, so before the first
/// poll nothing is counted.
///
/// # Expansion
///
/// ```text
/// async fn delete_vm(id: VmId) -> Result<(), ApiError> {
///     api_future(
///         current(),
///         ApiSite::new("/api/v1/vms/{id}", Some(Method::Delete)),
///         classify_error::<Result<(), ApiError>>(ApiError::failure),
///         async move { let __ret: Result<(), ApiError> = { Err(ApiError::NotFound) }; __ret },
///     )
///     .await
/// }
/// ```
#[proc_macro_attribute]
pub fn instrument_api(args: TokenStream, item: TokenStream) -> TokenStream {
    debug::shown("instrument_api", instrument::api(args.into(), &item.into()))
}

/// Counts and times each call of a function as one migration between two nodes.
///
/// ```
/// use std::time::Duration;
///
/// use novacron_telemetry::catalog::dwcp::DwcpMode;
/// use novacron_telemetry::instrument_migration;
///
/// struct Plan {
///     source: String,
///     destination: String,
/// }
///
/// struct Migrated {
///     bytes: u64,
///     pause: Duration,
/// }
///
/// #[instrument_migration(
///     source = &plan.source,
///     destination = &plan.destination,
///     mode = DwcpMode::Internet,
///     bytes = |done| done.bytes,
///     downtime = |done| done.pause,
/// )]
/// async fn migrate(plan: Plan) -> Result<Migrated, std::io::Error> {
///     Ok(Migrated { bytes: 4096, pause: Duration::from_millis(20) })
/// }
///
/// // what is not a `Result` says what it means
/// #[instrument_migration(source = "node-1", destination = to, outcome = |moved| *moved > 0)]
/// fn copy(to: &str) -> u64 {
///     4096
/// }
/// ```
///
/// | key | value | default |
/// |---|---|---|
/// | `source`, `destination` | the nodes, `AsRef<str>`; may borrow what the body takes | needed |
/// | `mode` | a `DwcpMode`, or an `Option` of one | not stated |
/// | `bytes` | a function from the value in `Ok` to the bytes moved, `u64` | not measured |
/// | `downtime` | a function from the value in `Ok` to a `Duration` or seconds | not measured |
/// | `error`, `outcome`, `telemetry` | as for [`instrument_api`](macro@instrument_api) | |
///
/// # Expansion
///
/// ```text
/// async fn migrate(plan: Plan) -> Result<Migrated, std::io::Error> {
///     migration_future(
///         current(),
///         MigrationSite::new(&plan.source, &plan.destination).mode(DwcpMode::Internet),
///         outcome_of::<_>,
///         measure::<Result<Migrated, std::io::Error>, _>(|done| done.bytes, |done| done.pause),
///         async move { let __ret: Result<Migrated, std::io::Error> = { … }; __ret },
///     )
///     .await
/// }
/// ```
#[proc_macro_attribute]
pub fn instrument_migration(args: TokenStream, item: TokenStream) -> TokenStream {
    debug::shown(
        "instrument_migration",
        instrument::migration(args.into(), &item.into()),
    )
}
