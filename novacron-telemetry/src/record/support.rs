//! Support bundles and the documentation portal.

use super::clock::Moment;
use super::current::with_current;
use super::{Recorder, current};
use crate::catalog::support::{
    BundleFailureLabelsRef, BundleLabelsRef, BundleModeLabelsRef, BundleReason, GlossaryLabelsRef,
    SearchLabels, SearchResult,
};

/// A support bundle that is being built. Dropped without [`written`](SupportBundle::written) or
/// [`failed`](SupportBundle::failed), it was not written, for an `other` reason.
///
/// ```
/// use novacron_telemetry::record::SupportBundle;
///
/// SupportBundle::begin("standard", "strict").written(3 << 20);
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, the bundle was not written"]
pub struct SupportBundle<'a> {
    recorder: Recorder,
    mode: &'a str,
    redaction: &'a str,
    begun: Moment,
    /// Its size, or why there is none.
    end: Result<u64, BundleReason>,
}

impl<'a> SupportBundle<'a> {
    /// A bundle is begun that includes what `mode` says and leaves out what `redaction` says.
    pub fn begin(mode: &'a str, redaction: &'a str) -> Self {
        Self::begin_with(current::current(), mode, redaction)
    }

    /// A bundle is begun; `recorder` records that.
    pub fn begin_with(recorder: Recorder, mode: &'a str, redaction: &'a str) -> Self {
        let support = &recorder.catalog().support;
        support
            .support_bundle_generated_total
            .touch(&BundleLabelsRef { mode, redaction });
        let reasons = BundleReason::ALL.iter();
        support
            .support_bundle_failures_total
            .touch_together(reasons.map(|reason| BundleFailureLabelsRef {
                mode,
                reason: *reason,
            }));
        Self {
            recorder,
            mode,
            redaction,
            begun: Moment::now(),
            end: Err(BundleReason::Other),
        }
    }

    /// It was written, and is this large.
    pub fn written(mut self, bytes: u64) {
        self.end = Ok(bytes);
    }

    /// It was not written, for this reason.
    pub fn failed(mut self, reason: BundleReason) {
        self.end = Err(reason);
    }
}

impl Drop for SupportBundle<'_> {
    fn drop(&mut self) {
        let support = &self.recorder.catalog().support;
        let (mode, redaction) = (self.mode, self.redaction);
        let duration = &support.support_bundle_duration_seconds;
        let by_mode = duration.row(&BundleModeLabelsRef { mode });
        duration.observe_at(by_mode, Moment::now().since(self.begun));
        match self.end {
            Ok(bytes) => {
                support
                    .support_bundle_generated_total
                    .inc(&BundleLabelsRef { mode, redaction });
                let size = &support.support_bundle_size_bytes;
                size.observe_at(by_mode, bytes as f64);
            }
            Err(reason) => {
                let failures = &support.support_bundle_failures_total;
                failures.inc(&BundleFailureLabelsRef { mode, reason });
            }
        }
    }
}

/// An error code was looked up in the glossary.
///
/// ```
/// novacron_telemetry::record::record_glossary_hit("NC-1042");
/// ```
pub fn record_glossary_hit(code: &str) {
    with_current(|recorder| {
        let hits = &recorder.catalog().support.error_glossary_hits_total;
        hits.inc(&GlossaryLabelsRef { code });
    });
}

/// The documentation was searched: `hit`, `empty` or `error`.
///
/// ```
/// novacron_telemetry::record::record_docs_search("empty");
/// ```
pub fn record_docs_search(result: &str) {
    with_current(|recorder| {
        if let Some(result) = recorder.known(SearchResult::parse(result)) {
            let searches = &recorder.catalog().support.docs_searches_total;
            searches.inc(&SearchLabels { result });
        }
    });
}

/// The share of recent searches that found nothing or failed, 0 to 1.
///
/// ```
/// novacron_telemetry::record::update_docs_search_failure_ratio(0.03);
/// ```
pub fn update_docs_search_failure_ratio(ratio: f64) {
    with_current(|recorder| {
        recorder
            .catalog()
            .support
            .docs_search_failure_ratio
            .set(ratio);
    });
}

/// The documentation was released just now.
///
/// ```
/// novacron_telemetry::record::record_docs_publish();
/// ```
pub fn record_docs_publish() {
    with_current(|recorder| {
        let published = &recorder
            .catalog()
            .support
            .docs_last_publish_timestamp_seconds;
        published.set(Moment::now().unix_seconds());
    });
}
