//! Derives and attributes of [novacron-telemetry](https://docs.rs/novacron-telemetry).
//!
//! Use them from there; this crate holds no runtime and its expansions name that library.

mod args;
mod case;
mod doc;
mod errors;
mod fallback;
mod instrument;
mod label_set;
mod label_value;
mod metric_group;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// One value of a label: an enum (closed), or a newtype around text with `#[label(cap = N)]` (open).
#[proc_macro_derive(LabelValue, attributes(label))]
pub fn label_value(input: TokenStream) -> TokenStream {
    label_value::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// The labels of one family: a struct with one label value per field.
#[proc_macro_derive(LabelSet, attributes(label))]
pub fn label_set(input: TokenStream) -> TokenStream {
    label_set::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// A struct of handles: each field is one family, its doc comment is the HELP text.
#[proc_macro_derive(MetricGroup, attributes(metrics, metric))]
pub fn metric_group(input: TokenStream) -> TokenStream {
    metric_group::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Counts and times a function as one API request.
#[proc_macro_attribute]
pub fn instrument_api(args: TokenStream, item: TokenStream) -> TokenStream {
    instrument::api(args.into(), &item.into()).into()
}

/// Counts and times a function as one migration.
#[proc_macro_attribute]
pub fn instrument_migration(args: TokenStream, item: TokenStream) -> TokenStream {
    instrument::migration(args.into(), &item.into()).into()
}
