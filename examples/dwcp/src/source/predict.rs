//! What the link will carry next, and whether what it carried is odd.

/// Predicts the next rate from those before.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Predictor {
    expected: Option<f64>,
    /// How far off the prediction usually is, in bytes per second.
    miss: f64,
    /// How good predictions have been of late, 0 to 1.
    accuracy: Option<f64>,
    seen: u32,
}

/// A rate beside what was expected of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Judgement {
    /// How good predictions have been of late, 0 to 1.
    pub(crate) accuracy: f64,
    /// Whether this rate is far from where rates have been.
    pub(crate) odd: bool,
}

impl Predictor {
    /// The rate expected next, in bytes per second. `None` before anything was seen.
    pub(crate) fn expected(&self) -> Option<f64> {
        self.expected
    }

    /// Learns from a rate. `None` for the first, of which nothing was expected.
    pub(crate) fn learn(&mut self, rate: f64) -> Option<Judgement> {
        self.seen += 1;
        let Some(expected) = self.expected else {
            self.expected = Some(rate);
            return None;
        };
        let miss = (rate - expected).abs();
        let hit = 1.0 - miss / rate.max(expected).max(1.0);
        let accuracy = self.accuracy.map_or(hit, |accuracy| blend(accuracy, hit));
        // A steady link has a tiny usual miss; half the rate is a lot for any.
        let odd = self.seen > WARM && miss > 4.0 * self.miss && miss > 0.5 * expected;
        self.expected = Some(blend(expected, rate));
        self.miss = blend(self.miss, miss);
        self.accuracy = Some(accuracy);
        Some(Judgement { accuracy, odd })
    }
}

fn blend(old: f64, new: f64) -> f64 {
    old + WEIGHT * (new - old)
}

/// The weight of the newest rate.
const WEIGHT: f64 = 0.25;

/// Rates after which one can tell what is usual.
const WARM: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_link_is_predicted_and_a_collapse_is_odd() {
        let mut predictor = Predictor::default();
        assert_eq!(predictor.learn(1e6), None);
        for wave in 0..40 {
            let rate = 1e6 + 2e4 * f64::from(wave % 3);
            let judgement = predictor.learn(rate).unwrap();
            assert!(!judgement.odd);
            assert!(judgement.accuracy > 0.9, "{judgement:?}");
        }
        assert!((0.98e6..1.05e6).contains(&predictor.expected().unwrap()));
        assert!(predictor.learn(1e5).unwrap().odd);
        // Once it stays there, it is usual.
        let last = (0..40).filter_map(|_| predictor.learn(1e5)).last().unwrap();
        assert!(!last.odd && last.accuracy > 0.9, "{last:?}");
    }
}
