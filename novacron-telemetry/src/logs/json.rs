//! One JSON object per line.

use tracing::Level;

use super::escape;
use super::fields::Fields;
use super::line::{Head, hex};
use super::schema::Kind;
use crate::context::TraceIds;

/// Lays a line out as one object. Keys are unique: the library's own are reserved by
/// [`schema`](super::schema), and fields were made unique when they were collected.
pub(super) fn write(head: &Head<'_>, fields: &Fields, out: &mut String) {
    out.push_str("{\"timestamp\":\"");
    out.push_str(head.stamp);
    out.push_str("\",\"level\":\"");
    out.push_str(level(head.level));
    out.push('"');
    text("service", "", head.service, out);
    if let Some(component) = head.component
        && fields.get("component").is_none()
    {
        text("component", "", component, out);
    }
    if let Some(TraceIds {
        trace_id, span_id, ..
    }) = head.trace
    {
        out.push_str(",\"trace_id\":\"");
        hex::<32>(trace_id, out);
        out.push_str("\",\"span_id\":\"");
        hex::<16>(u128::from(span_id), out);
        out.push('"');
    }
    if fields.get("log_kind").is_none() {
        out.push_str(",\"log_kind\":\"");
        out.push_str(head.kind(fields));
        out.push('"');
    }
    if let Some(message) = fields.message() {
        text("message", "", message, out);
    }
    for field in fields.iter() {
        match field.kind {
            Kind::Text => text(field.name, field.suffix, field.value, out),
            Kind::Number | Kind::Bool | Kind::Null => {
                key(field.name, field.suffix, out);
                out.push_str(field.value);
            }
        }
    }
    if fields.left_out() > 0 {
        key("fields_left_out", "", out);
        out.push_str(itoa::Buffer::new().format(fields.left_out()));
    }
    if let Some(place) = head.place {
        text("target", "", head.target, out);
        if let Some(thread) = head.thread {
            text("thread", "", thread, out);
        }
        if let Some(file) = place.file {
            text("file", "", file, out);
        }
        if let Some(line) = place.line {
            key("line", "", out);
            out.push_str(itoa::Buffer::new().format(line));
        }
    }
    out.push('}');
}

fn key(name: &str, suffix: &str, out: &mut String) {
    out.push_str(",\"");
    escape::json(name, out);
    out.push_str(suffix);
    out.push_str("\":");
}

fn text(name: &str, suffix: &str, value: &str, out: &mut String) {
    key(name, suffix, out);
    out.push('"');
    escape::json(value, out);
    out.push('"');
}

pub(super) fn level(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}
