//! How many batches a stream keeps on their way.

use std::time::Duration;

/// Grows while acknowledgements come as quickly as they ever did, halves when they do not: what a
/// stream sends more then only waits somewhere else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    size: f64,
    quickest: Duration,
    /// Until this many acknowledgements have come, late ones are the old congestion.
    patience: u32,
}

impl Window {
    pub(super) fn new() -> Self {
        Self {
            size: 2.0,
            quickest: Duration::MAX,
            patience: 0,
        }
    }

    /// How many batches may be on their way.
    pub(super) fn size(&self) -> usize {
        self.size as usize
    }

    /// An acknowledgement came after this time; true if that is a reason to back off.
    pub(super) fn acknowledged(&mut self, took: Duration) -> bool {
        self.quickest = self.quickest.min(took);
        self.patience = self.patience.saturating_sub(1);
        if took <= self.quickest * 4 + SLACK {
            self.size = (self.size + 1.0 / self.size).min(MOST);
            return false;
        }
        let congested = self.patience == 0;
        if congested {
            self.patience = self.size as u32;
            self.size = (self.size / 2.0).max(1.0);
        }
        congested
    }
}

/// What a scheduler may add to a round trip before that is called congestion.
const SLACK: Duration = Duration::from_millis(30);

const MOST: f64 = 16.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_slowly_and_backs_off_once_for_each_congestion() {
        let mut window = Window::new();
        let quick = Duration::from_millis(1);
        for _ in 0..1000 {
            assert!(!window.acknowledged(quick));
        }
        assert_eq!(window.size(), 16);
        let late = Duration::from_millis(200);
        let backed_off = (0..16).filter(|_| window.acknowledged(late)).count();
        assert_eq!(backed_off, 1);
        assert!(window.size() <= 10, "{window:?}");
        for _ in 0..1000 {
            window.acknowledged(late);
        }
        assert_eq!(window.size(), 1);
    }
}
