//! What both halves of a call know of its request.
//!
//! A request's body moves into the service, and its answer comes back out of it: they meet here.
//! Notes are used again by the next call of the same thread, so that a call allocates nothing.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::frames::Passed;
use crate::record::Traffic;

/// One half's hold on the notes of a call.
#[derive(Debug)]
pub(super) struct Notes(Option<Arc<Page>>);

#[derive(Debug, Default)]
struct Page {
    messages: AtomicU64,
    ended: AtomicBool,
    unnamed: Mutex<Unnamed>,
}

/// Messages of a call whose method is not known: they wait for a name. No thread holds the lock
/// for longer than an addition, and only the two halves of one call ever want it.
#[derive(Debug, Default)]
struct Unnamed {
    waiting: Passed,
    name: Option<Traffic>,
}

/// The most pages that a thread keeps: more than calls begin and end in between each other.
const KEPT: usize = 256;

thread_local! {
    static BLANK: RefCell<Vec<Arc<Page>>> = const { RefCell::new(Vec::new()) };
}

impl Notes {
    /// The notes of a new call, for both halves.
    pub(super) fn begin() -> (Self, Self) {
        let blank = BLANK.try_with(|blank| blank.try_borrow_mut().ok()?.pop());
        let page = blank.ok().flatten().unwrap_or_default();
        (Self(Some(Arc::clone(&page))), Self(Some(page)))
    }

    /// Messages went by in the request; `traffic` is where they are counted, if that was known when
    /// the call began.
    pub(super) fn received(&self, passed: Passed, traffic: Option<Traffic>) {
        if passed.messages == 0 {
            return;
        }
        let Some(page) = &self.0 else { return };
        page.messages.fetch_add(passed.messages, Ordering::Relaxed);
        if let Some(traffic) = traffic {
            traffic.count(passed.messages, passed.bytes);
            return;
        }
        let mut unnamed = page.unnamed.lock().unwrap_or_else(PoisonError::into_inner);
        match unnamed.name {
            Some(name) => name.count(passed.messages, passed.bytes),
            None => {
                unnamed.waiting.messages += passed.messages;
                unnamed.waiting.bytes += passed.bytes;
            }
        }
    }

    /// The method is known now: counts what waited for that, and what comes.
    pub(super) fn name(&self, traffic: Traffic) {
        let Some(page) = &self.0 else { return };
        let mut unnamed = page.unnamed.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = std::mem::take(&mut unnamed.waiting);
        unnamed.name = Some(traffic);
        traffic.count(waiting.messages, waiting.bytes);
    }

    /// The request is complete, or nobody reads on.
    pub(super) fn end(&self) {
        if let Some(page) = &self.0 {
            page.ended.store(true, Ordering::Relaxed);
        }
    }

    /// How many messages the client sent so far.
    pub(super) fn messages(&self) -> u64 {
        let page = self.0.as_ref();
        page.map_or(0, |page| page.messages.load(Ordering::Relaxed))
    }

    /// Whether the request is complete.
    pub(super) fn ended(&self) -> bool {
        let page = self.0.as_ref();
        page.is_some_and(|page| page.ended.load(Ordering::Relaxed))
    }
}

impl Drop for Notes {
    fn drop(&mut self) {
        // The half that leaves last blanks the page. If both leave at once nobody does, and it is
        // freed.
        if let Some(mut page) = self.0.take()
            && let Some(notes) = Arc::get_mut(&mut page)
        {
            *notes = Page::default();
            let _ = BLANK.try_with(|blank| {
                if let Ok(mut blank) = blank.try_borrow_mut()
                    && blank.len() < KEPT
                {
                    blank.push(page);
                }
            });
        }
    }
}
