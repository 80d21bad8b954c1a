//! Spans as the messages of OTLP 1.x: `opentelemetry.proto.collector.trace.v1`.

use super::wire::{Chosen, Field, Writer, fields};
use crate::context::clock::{Anchor, Moment};
use crate::context::{Attributes, FinishedSpan, SpanEvent, SpanKind, SpanStatus, Value};
use crate::redact::{REDACTED, is_secret_key, redact};

/// Who the spans are from: written once per process, sent with each batch.
#[derive(Clone, Debug, Default)]
pub(super) struct Resource(pub(super) Vec<(String, String)>);

/// The most that is sent at once. Collectors take 4 MiB over gRPC unless told otherwise.
const REQUEST: usize = 2 << 20;

/// Writes an `ExportTraceServiceRequest` with as many spans as fit, and says how many.
pub(super) fn request(
    resource: &Resource,
    anchor: &Anchor,
    spans: &[FinishedSpan],
) -> (Vec<u8>, usize) {
    let mut writer = Writer::default();
    let mut written = 0;
    // ResourceSpans
    writer.message(1, |writer| {
        writer.message(1, |writer| {
            for (key, value) in &resource.0 {
                attribute(writer, 1, key, Chosen::Text(value));
            }
        });
        // ScopeSpans
        writer.message(2, |writer| {
            writer.message(1, |writer| {
                writer.text(1, env!("CARGO_PKG_NAME"));
                writer.text(2, env!("CARGO_PKG_VERSION"));
            });
            for one in spans {
                if written > 0 && writer.len() > REQUEST {
                    break;
                }
                writer.message(2, |writer| span(writer, anchor, one));
                written += 1;
            }
        });
    });
    (writer.into_bytes(), written)
}

fn span(writer: &mut Writer, anchor: &Anchor, span: &FinishedSpan) {
    let FinishedSpan {
        context,
        parent_id,
        name,
        kind,
        begun,
        ended,
        status,
        attributes: known,
        events,
        dropped_events,
        rescued,
    } = span;
    let ids = context.ids();
    writer.octets(1, &ids.trace_id.to_be_bytes());
    writer.octets(2, &ids.span_id.to_be_bytes());
    writer.text(3, context.tracestate().unwrap_or_default());
    if *parent_id != 0 {
        writer.octets(4, &parent_id.to_be_bytes());
    }
    writer.text(5, &redact(name));
    writer.uint(6, kind_number(*kind));
    let (begun, ended) = (anchor.unix_nanos(*begun), anchor.unix_nanos(*ended));
    writer.fixed64(7, begun);
    writer.fixed64(8, ended.max(begun));
    attribute(writer, 9, "operation.name", Chosen::Text(name));
    if let Some(rescue) = rescued {
        attribute(writer, 9, "sampled.reason", Chosen::Text(rescue.as_str()));
    }
    attributes(writer, 9, known);
    writer.uint(10, u64::from(known.dropped));
    for one in events {
        writer.message(11, |writer| event(writer, anchor, one));
    }
    writer.uint(12, u64::from(*dropped_events));
    writer.message(15, |writer| match status {
        SpanStatus::Unset => {}
        SpanStatus::Ok => writer.uint(3, 1),
        SpanStatus::Error(message) => {
            writer.text(2, &redact(message));
            writer.uint(3, 2);
        }
    });
    writer.fixed32(16, u32::from(context.flags()));
}

fn event(writer: &mut Writer, anchor: &Anchor, event: &SpanEvent) {
    let at: Moment = event.at;
    writer.fixed64(1, anchor.unix_nanos(at));
    writer.text(2, &redact(event.name()));
    attributes(writer, 3, &event.attributes);
    writer.uint(4, u64::from(event.attributes.dropped));
}

fn attributes(writer: &mut Writer, field: u32, attributes: &Attributes) {
    for (key, value) in attributes.iter() {
        attribute(
            writer,
            field,
            key,
            match value {
                Value::Text(text) => Chosen::Text(text),
                Value::Int(number) => Chosen::Varint(number.cast_unsigned()),
                Value::Float(number) => Chosen::Double(*number),
                Value::Bool(yes) => Chosen::Varint(u64::from(*yes)),
            },
        );
    }
}

/// A `KeyValue` with its `AnyValue`, without what is never shown.
fn attribute(writer: &mut Writer, field: u32, key: &str, value: Chosen<'_>) {
    let clean;
    let value = match value {
        Chosen::Text(_) if is_secret_key(key) => Chosen::Text(REDACTED),
        Chosen::Text(text) => {
            clean = redact(text);
            Chosen::Text(&clean)
        }
        Chosen::Varint(_) | Chosen::Double(_) => value,
    };
    writer.message(field, |writer| {
        writer.text(1, key);
        writer.message(2, |writer| writer.chosen(choice(value), value));
    });
}

fn choice(value: Chosen<'_>) -> u32 {
    match value {
        Chosen::Text(_) => 1,
        Chosen::Varint(_) => 3,
        Chosen::Double(_) => 4,
    }
}

fn kind_number(kind: SpanKind) -> u64 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

/// How many spans an `ExportTraceServiceResponse` says were not taken. What cannot be read says
/// nothing: the request was answered with success.
pub(super) fn rejected(response: &[u8]) -> u64 {
    let partial = fields(response).find_map(|field| match field {
        (1, Field::Bytes(partial)) => Some(partial),
        _ => None,
    });
    fields(partial.unwrap_or_default())
        .find_map(|field| match field {
            // A negative count is as good as none.
            (1, Field::Varint(spans)) => u64::try_from(spans.cast_signed()).ok(),
            _ => None,
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_success_says_how_many_were_lost() {
        let mut writer = Writer::default();
        writer.message(1, |writer| {
            writer.uint(1, 7);
            writer.text(2, "too old");
        });
        assert_eq!(rejected(&writer.into_bytes()), 7);
    }

    #[test]
    fn an_answer_that_is_none_loses_nothing() {
        let negative = [10, 11, 8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
        for answer in [&b""[..], b"<html>", &[10, 255, 1], &[0xff; 64], &negative] {
            assert_eq!(rejected(answer), 0, "{answer:?}");
        }
    }
}
