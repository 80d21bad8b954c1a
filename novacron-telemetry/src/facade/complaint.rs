//! Saying a thing once.

use std::collections::HashSet;

use crate::sync::Mutex;

/// The subjects that were complained about; so many that none is left out in practice, and so few
/// that hostile names do not fill the memory or the log.
const MOST: usize = 1000;

#[derive(Debug, Default)]
pub(super) struct Complaints(Mutex<HashSet<Box<str>>>);

impl Complaints {
    /// Runs `say` unless this subject was complained about before. No lock is held meanwhile: who
    /// writes the log may come back here.
    pub(super) fn once(&self, subject: &str, say: impl FnOnce()) {
        let mut known = self.0.lock();
        let new = known.len() < MOST && !known.contains(subject) && known.insert(subject.into());
        drop(known);
        if new {
            say();
        }
    }
}
