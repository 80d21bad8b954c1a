//! Labels as they stand on the wire: `key="value"`, escaped once.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use super::{Domain, LabelDescriptor, escape};

/// The fragments of a closed label, in the order of its domain.
///
/// Made once per label name and domain and kept for good: both are constants of the program, so
/// there are only so many.
pub(crate) fn closed(label: &'static LabelDescriptor) -> &'static [Box<str>] {
    type Key = (&'static str, usize, usize);
    type Made = HashMap<Key, &'static [Box<str>]>;
    static MADE: LazyLock<Mutex<Made>> = LazyLock::new(Mutex::default);
    let Domain::Closed(texts) = label.domain else {
        return &[];
    };
    MADE.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .entry((label.name, texts.as_ptr().addr(), texts.len()))
        .or_insert_with(|| {
            let made: Box<[Box<str>]> = texts
                .iter()
                .map(|text| fragment(label.name, text).into())
                .collect();
            Box::leak(made)
        })
}

/// One label, `key="value"`; nothing for the empty value, which means the label is left out.
pub(crate) fn fragment(name: &str, value: &str) -> String {
    let mut out = String::with_capacity(name.len() + value.len() + 3);
    if !value.is_empty() {
        out.push_str(name);
        out.push_str("=\"");
        escape::value_into(&mut out, value);
        out.push('"');
    }
    out
}

/// Name and escaped value of a fragment.
pub(crate) fn split(fragment: &str) -> (&str, &str) {
    let (name, rest) = fragment.split_once("=\"").unwrap_or((fragment, "\""));
    (name, rest.strip_suffix('"').unwrap_or(rest))
}
