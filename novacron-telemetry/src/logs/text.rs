//! The text layouts. Log pipelines take them apart with patterns, so what their patterns look for
//! stands exactly once and in its place: one blank between parts, levels without padding, no
//! colours, heads without blanks in them.
//!
//! Behind the message stand the fields, those by which lines are found first.

use super::escape;
use super::fields::{Fields, Shown};
use super::line::{Head, hex};

/// Keys that stand first, in this order: they lead from one line to the others of the same work.
const FIRST: [&str; 2] = ["correlation_id", "job_id"];

/// `timestamp [LEVEL] component: message (key=value, key=value)`.
pub(super) fn write(head: &Head<'_>, fields: &Fields, out: &mut String) {
    out.push_str(head.stamp);
    out.push_str(" [");
    out.push_str(head.level.as_str());
    out.push_str("] ");
    let component = fields.get("component").or(head.component);
    escape::word(component.unwrap_or(head.service), out);
    out.push_str(": ");
    escape::plain(fields.message().unwrap_or_default(), out);
    let opened = out.len();
    each(head, fields, &["component"], out, |first, out| {
        out.push_str(if first { " (" } else { ", " });
    });
    if out.len() > opened {
        out.push(')');
    }
}

/// `timestamp LEVEL [thread] logger - message key=value`.
pub(super) fn grok_api(head: &Head<'_>, fields: &Fields, out: &mut String) {
    begin(head, out);
    out.push('[');
    escape::word(head.thread.unwrap_or("-"), out);
    out.push_str("] ");
    escape::word(head.target, out);
    out.push_str(" - ");
    end(head, fields, &[], out);
}

/// `timestamp LEVEL [stage] Model-name: message key=value`.
pub(super) fn grok_ml(head: &Head<'_>, fields: &Fields, out: &mut String) {
    begin(head, out);
    out.push('[');
    escape::word(fields.get("stage").unwrap_or("-"), out);
    out.push_str("] Model-");
    escape::word(fields.get("model_name").unwrap_or("-"), out);
    out.push_str(": ");
    end(head, fields, &["stage", "model_name"], out);
}

/// `timestamp LEVEL Workflow-id Stage-stage: message key=value`.
pub(super) fn grok_workflow(head: &Head<'_>, fields: &Fields, out: &mut String) {
    begin(head, out);
    out.push_str("Workflow-");
    escape::word(fields.get("workflow_id").unwrap_or("-"), out);
    out.push_str(" Stage-");
    escape::word(fields.get("stage").unwrap_or("-"), out);
    out.push_str(": ");
    end(head, fields, &["workflow_id", "stage"], out);
}

fn begin(head: &Head<'_>, out: &mut String) {
    out.push_str(head.stamp);
    out.push(' ');
    out.push_str(head.level.as_str());
    out.push(' ');
}

fn end(head: &Head<'_>, fields: &Fields, shown: &[&str], out: &mut String) {
    escape::plain(fields.message().unwrap_or_default(), out);
    each(head, fields, shown, out, |_, out| out.push(' '));
}

/// Writes the trace and the fields that are not `shown` already, each behind what `between` writes.
fn each(
    head: &Head<'_>,
    fields: &Fields,
    shown: &[&str],
    out: &mut String,
    between: impl Fn(bool, &mut String),
) {
    let mut first = true;
    let mut part = |out: &mut String| between(std::mem::take(&mut first), out);
    let is_shown = |field: &Shown<'_>| field.suffix.is_empty() && shown.contains(&field.name);
    let leads = |field: &Shown<'_>| field.suffix.is_empty() && FIRST.contains(&field.name);
    for name in FIRST {
        if let Some(value) = fields.get(name) {
            part(out);
            out.push_str(name);
            out.push('=');
            escape::value(value, out);
        }
    }
    if let Some(ids) = head.trace {
        part(out);
        out.push_str("trace_id=");
        hex::<32>(ids.trace_id, out);
        part(out);
        out.push_str("span_id=");
        hex::<16>(u128::from(ids.span_id), out);
    }
    for field in fields
        .iter()
        .filter(|field| !is_shown(field) && !leads(field))
    {
        part(out);
        escape::word(field.name, out);
        out.push_str(field.suffix);
        out.push('=');
        escape::value(field.value, out);
    }
    if fields.left_out() > 0 {
        part(out);
        out.push_str("fields_left_out=");
        out.push_str(itoa::Buffer::new().format(fields.left_out()));
    }
    if let Some(place) = head.place
        && let (Some(file), Some(line)) = (place.file, place.line)
    {
        part(out);
        out.push_str("at=");
        escape::word(file, out);
        out.push(':');
        out.push_str(itoa::Buffer::new().format(line));
    }
}
