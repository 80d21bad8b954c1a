//! Support bundles and the documentation portal.

use std::sync::Arc;

use crate::label::{LabelSet, LabelValue};
use crate::metric::{Counter, Family, Gauge, Histogram, Timestamp, buckets};
use crate::registry::MetricGroup;

/// Support bundles and the documentation portal.
#[derive(Clone, Debug, MetricGroup)]
#[metrics(prefix = "novacron", writer = Verb("SupportBundle"))]
pub struct SupportMetrics {
    /// Support bundles written.
    #[metric(unit = "bundles")]
    pub support_bundle_generated_total: Family<BundleLabels, Counter>,

    /// Support bundles that could not be written.
    #[metric(unit = "bundles")]
    pub support_bundle_failures_total: Family<BundleFailureLabels, Counter>,

    /// Time to build a bundle.
    #[metric(unit = Seconds, buckets = buckets::STAGE, joined)]
    pub support_bundle_duration_seconds: Family<BundleModeLabels, Histogram>,

    /// Size of written bundles.
    #[metric(unit = Bytes, buckets = buckets::BYTES, joined)]
    pub support_bundle_size_bytes: Family<BundleModeLabels, Histogram>,

    /// Look-ups of an error code in the glossary.
    #[metric(unit = "hits", writer = Verb("record_glossary_hit"))]
    pub error_glossary_hits_total: Family<GlossaryLabels, Counter>,

    /// Documentation searches, by result.
    #[metric(unit = "searches", writer = Verb("record_docs_search"))]
    pub docs_searches_total: Family<SearchLabels, Counter>,

    /// Share of recent documentation searches that found nothing or failed.
    #[metric(unit = Ratio, writer = Verb("update_docs_search_failure_ratio"))]
    pub docs_search_failure_ratio: Gauge,

    /// Unix time of the last documentation release.
    #[metric(unit = Seconds, writer = Verb("record_docs_publish"))]
    pub docs_last_publish_timestamp_seconds: Timestamp,
}

/// What a bundle includes, and what it leaves out.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct BundleLabels {
    pub mode: BundleMode,
    pub redaction: Redaction,
}

/// Why a bundle was not written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct BundleFailureLabels {
    pub mode: BundleMode,
    pub reason: BundleReason,
}

/// What a bundle includes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct BundleModeLabels {
    pub mode: BundleMode,
}

/// Which error code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct GlossaryLabels {
    pub code: GlossaryCode,
}

/// What a search came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelSet)]
pub struct SearchLabels {
    pub result: SearchResult,
}

/// What a support bundle includes, such as `standard`, `experimental`, `network` or `metrics`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 16)]
pub struct BundleMode(Arc<str>);

/// Redaction profile, such as `none`, `default` or `strict`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 16)]
pub struct Redaction(Arc<str>);

/// Why a support bundle was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum BundleReason {
    NoSpace,
    Permission,
    CollectorFailed,
    Timeout,
    #[label(other)]
    Other,
}

/// Code listed in the error glossary.
#[derive(Clone, Debug, PartialEq, Eq, Hash, LabelValue)]
#[label(cap = 200)]
pub struct GlossaryCode(Arc<str>);

/// What a search came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LabelValue)]
pub enum SearchResult {
    Hit,
    Empty,
    Error,
}
