//! What the keys of a line mean: which are the library's own, which have a type, which are secret.

use std::cell::Cell;

use crate::redact;

/// What a key is, as far as its value is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// The host's own: any value.
    Free,
    /// Written by the library. A field of this name gets the suffix `_field`.
    Reserved,
    /// The documented type is a number; another value gets the suffix.
    Number,
    /// The documented type is a text; other values are shown as one.
    Text,
    /// `log_kind`: one of four words.
    LogKind,
    /// The text of the event; inside a span, a field like any other and so one with the suffix.
    Message,
    /// The value is not shown.
    Secret,
    /// The value is not shown unless it is a number, which then counts such things.
    SecretUnlessCount,
}

/// What is shown of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Bool,
    Null,
}

/// The class of a key.
pub(super) fn class(name: &'static str) -> Class {
    // Names of fields are texts of the program, so where one stands says which one it is: the
    // rules are gone through once for each and thread.
    type Known = (usize, usize, Class);
    const PLACES: usize = 128;
    thread_local! {
        static KNOWN: [Cell<Known>; PLACES] = const {
            [const { Cell::new((0, 0, Class::Free)) }; PLACES]
        };
    }
    let address = name.as_ptr().addr();
    let place = (address ^ (address >> 7)) % PLACES;
    let cached = KNOWN.try_with(|known| {
        let (at, length, class) = known[place].get();
        (at == address && length == name.len()).then_some(class)
    });
    if let Ok(Some(class)) = cached {
        return class;
    }
    let class = classify(name);
    let _ = KNOWN.try_with(|known| known[place].set((address, name.len(), class)));
    class
}

fn classify(name: &str) -> Class {
    match name {
        "timestamp" | "level" | "service" | "trace_id" | "span_id" | "target" | "thread"
        | "file" | "line" | "suppressed" | "fields_left_out" => Class::Reserved,
        "message" => Class::Message,
        "log_kind" => Class::LogKind,
        "status" | "duration_ms" | "latency_ms" | "bytes_transferred" => Class::Number,
        "component" | "user_id" | "endpoint" | "method" | "job_id" | "correlation_id"
        | "client_ip" | "stage" | "model_name" | "workflow_id" | "migration_id" | "vm_id"
        | "mode" | "error_type" | "node_id" | "image_url" => Class::Text,
        name if redact::is_secret_key(name) => {
            if redact::is_count(name) {
                Class::SecretUnlessCount
            } else {
                Class::Secret
            }
        }
        _ => Class::Free,
    }
}

/// Which index of the pipeline a line belongs to.
pub(super) fn is_log_kind(word: &str) -> bool {
    matches!(word, "application" | "ml" | "access" | "error")
}

/// What a key has behind it if it would clash with a documented one.
pub(super) const SUFFIX: &str = "_field";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_same_class_each_time() {
        for _ in 0..3 {
            assert_eq!(class("level"), Class::Reserved);
            assert_eq!(class("status"), Class::Number);
            assert_eq!(class("job_id"), Class::Text);
            assert_eq!(class("db_password"), Class::Secret);
            assert_eq!(class("max_tokens"), Class::SecretUnlessCount);
            assert_eq!(class("image"), Class::Free);
        }
    }
}
