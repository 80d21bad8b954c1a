//! Locks that ignore poison, and the one place that says `cfg(novacron_loom)`.
//!
//! Somebody else's panic must not silence telemetry, so a poisoned lock is taken all the same:
//! every value behind these locks is valid after each statement that changes it.

#[cfg(novacron_loom)]
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
#[cfg(not(novacron_loom))]
pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};

#[cfg(novacron_loom)]
use loom::sync as imp;
#[cfg(not(novacron_loom))]
use std::sync as imp;

pub(crate) use imp::{MutexGuard, RwLockReadGuard};

/// A mutex that is never poisoned.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(imp::Mutex<T>);

impl<T> Mutex<T> {
    #[cfg(not(novacron_loom))]
    pub(crate) const fn new(value: T) -> Self {
        Self(imp::Mutex::new(value))
    }

    #[cfg(novacron_loom)]
    pub(crate) fn new(value: T) -> Self {
        Self(imp::Mutex::new(value))
    }

    /// The value, of which the borrow shows that nobody else has it.
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0
            .get_mut()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A reader-writer lock that is never poisoned.
#[derive(Debug, Default)]
pub(crate) struct RwLock<T>(imp::RwLock<T>);

impl<T> RwLock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(imp::RwLock::new(value))
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Puts `value` in the place of what was there; what was there is dropped after the lock is
    /// released, because its destructor may be long.
    pub(crate) fn replace(&self, value: T) {
        let old = {
            let mut slot = self
                .0
                .write()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            std::mem::replace(&mut *slot, value)
        };
        drop(old);
    }

    /// Changes the value in place.
    pub(crate) fn update<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let mut slot = self
            .0
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        change(&mut *slot)
    }
}

/// A condition to wait for, under a [`Mutex`].
#[cfg(any(feature = "logs", feature = "otlp", feature = "listener"))]
#[derive(Debug, Default)]
pub(crate) struct Condvar(imp::Condvar);

#[cfg(any(feature = "logs", feature = "otlp", feature = "listener"))]
impl Condvar {
    pub(crate) fn new() -> Self {
        Self(imp::Condvar::new())
    }

    #[cfg(any(feature = "logs", feature = "otlp"))]
    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }

    #[cfg(any(feature = "logs", feature = "otlp"))]
    pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.0
            .wait(guard)
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        time: std::time::Duration,
    ) -> MutexGuard<'a, T> {
        self.0
            .wait_timeout(guard, time)
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .0
    }
}

/// A cell that is written once.
///
/// `std`'s own, but for models: loom has none, so there a mutex around a leaked reference stands in.
#[cfg(not(novacron_loom))]
pub(crate) use std::sync::OnceLock;

#[cfg(novacron_loom)]
#[derive(Debug)]
pub(crate) struct OnceLock<T: 'static>(imp::Mutex<Option<&'static T>>);

#[cfg(novacron_loom)]
impl<T> OnceLock<T> {
    pub(crate) fn new() -> Self {
        Self(imp::Mutex::new(None))
    }

    pub(crate) fn get(&self) -> Option<&T> {
        *self.0.lock().unwrap()
    }

    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        *self
            .0
            .lock()
            .unwrap()
            .get_or_insert_with(|| Box::leak(Box::new(make())))
    }
}
