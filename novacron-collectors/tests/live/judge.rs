//! Comparing what moves: the judge before, us, the judge after.

use std::collections::BTreeMap;

/// The verdicts of one comparison.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    agreed: BTreeMap<String, usize>,
    moving: BTreeMap<String, usize>,
    disagreed: Vec<String>,
}

impl Verdict {
    /// A counter lies between the judge's two readings.
    pub(crate) fn counter(&mut self, what: &str, before: f64, ours: Option<f64>, after: f64) {
        let Some(ours) = ours else {
            self.disagreed
                .push(format!("{what}: we show nothing, the judge {before}"));
            return;
        };
        // A counter that the kernel itself takes back (idle time, of all things) judges nobody.
        if before > after {
            *self.moving.entry(what.to_owned()).or_default() += 1;
            return;
        }
        // The judge's text may have fewer digits than the number.
        let slack = after.abs() * 1e-9;
        if before - slack <= ours && ours <= after + slack {
            *self.agreed.entry(what.to_owned()).or_default() += 1;
        } else {
            self.disagreed.push(format!(
                "{what}: {ours} is not between {before} and {after}"
            ));
        }
    }

    /// A gauge is the judge's, if the judge said the same twice; else nothing can be said of it.
    pub(crate) fn gauge(&mut self, what: &str, before: f64, ours: Option<f64>, after: f64) {
        if before.to_bits() != after.to_bits() {
            *self.moving.entry(what.to_owned()).or_default() += 1;
            return;
        }
        match ours {
            Some(ours) if (ours - before).abs() <= before.abs() * 1e-9 || ours == before => {
                *self.agreed.entry(what.to_owned()).or_default() += 1;
            }
            ours => self
                .disagreed
                .push(format!("{what}: {ours:?} is not the judge's {before}")),
        }
    }

    /// A gauge that moves all the time lies between two readings of it, give or take a share.
    pub(crate) fn near(
        &mut self,
        what: &str,
        before: f64,
        ours: Option<f64>,
        after: f64,
        share: f64,
    ) {
        let (low, high) = (
            before.min(after) * (1.0 - share),
            before.max(after) * (1.0 + share),
        );
        match ours {
            Some(ours) if low <= ours && ours <= high => {
                *self.agreed.entry(what.to_owned()).or_default() += 1;
            }
            ours => self
                .disagreed
                .push(format!("{what}: {ours:?} is not near {before} to {after}")),
        }
    }

    /// All agreed, and these were compared at least once.
    #[track_caller]
    pub(crate) fn assert(&self, title: &str, compared: &[&str]) {
        println!(
            "{title}: {} values of {} kinds agree; moving too fast to say: {:?}",
            self.agreed.values().sum::<usize>(),
            self.agreed.len(),
            self.moving
        );
        assert!(self.disagreed.is_empty(), "{title}: {:#?}", self.disagreed);
        let missing: Vec<&&str> = compared
            .iter()
            .filter(|what| !self.agreed.contains_key(**what))
            .collect();
        assert!(missing.is_empty(), "{title}: never compared: {missing:?}");
    }
}

/// Times of many scrapes.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<std::time::Duration>);

impl Times {
    pub(crate) fn add(&mut self, took: std::time::Duration) {
        self.0.push(took);
    }

    /// Prints the median and the longest, and demands that scrapes take less than 50 ms: all of
    /// them with `NOVACRON_TIMING=strict`, else 95 of 100, for a machine that does other things too
    /// now and then makes everybody wait. None may take so long that it can have waited for anybody.
    #[track_caller]
    pub(crate) fn assert_below_50_ms(&mut self, title: &str) {
        self.0.sort_unstable();
        let Some(longest) = self.0.last() else {
            panic!("{title}: no scrape was made");
        };
        let (median, most) = (self.0[self.0.len() / 2], self.0[self.0.len() * 95 / 100]);
        println!(
            "{title}: {} scrapes, median {median:.1?}, 95 % within {most:.1?}, longest {longest:.1?}",
            self.0.len()
        );
        let strict = std::env::var("NOVACRON_TIMING").is_ok_and(|value| value == "strict");
        let judged = if strict { longest } else { &most };
        assert!(judged.as_millis() < 50, "{title}: {judged:?}");
        // The shortest that anything here waits for a hypervisor is two seconds.
        assert!(longest.as_millis() < 1000, "{title}: {longest:?}");
    }
}
