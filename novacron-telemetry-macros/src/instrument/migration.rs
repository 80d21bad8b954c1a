//! Arguments and call of `#[instrument_migration]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::function::Function;
use super::shape::Shape;
use super::{Call, ERROR, OUTCOME, TELEMETRY, classify, recorder};
use crate::args::{Args, CRATE, Key, Private};
use crate::errors::Errors;

const SOURCE: Key = Key::value("source", "source = plan.source()");
const DESTINATION: Key = Key::value("destination", "destination = plan.destination()");

pub(super) const KEYS: &[Key] = &[
    SOURCE,
    DESTINATION,
    Key::value("mode", "mode = DwcpMode::Internet"),
    Key::value("bytes", "bytes = |done| done.bytes"),
    Key::value("downtime", "downtime = |done| done.downtime"),
    ERROR,
    OUTCOME,
    TELEMETRY,
    CRATE,
];

pub(super) fn call(
    mut args: Args,
    function: &Function,
    shape: &Shape,
    errors: &mut Errors,
) -> Call {
    // A key that was misread has had its message.
    let clean = errors.is_empty();
    let private = args.private(errors);
    let recorder = recorder(&mut args, &private);
    let [source, destination] = [SOURCE, DESTINATION].map(|key| {
        let node = args.take(key.name).and_then(super::super::args::Arg::expr);
        if node.is_none() && clean {
            errors.push(syn::Error::new(
                function.sig.ident.span(),
                format!(
                    "a migration says where it starts and ends: {} is missing",
                    key.shown()
                ),
            ));
        }
        node
    });
    let mode = args
        .take("mode")
        .and_then(super::super::args::Arg::expr)
        .map(|mode| quote!(.mode(#mode)));
    let classify = classify(&mut args, &private, shape, errors);
    let measure = measure(&mut args, &private, shape);
    Call {
        future: "migration_future",
        sync: "migration_sync",
        arguments: vec![
            // Evaluated before the body takes its arguments.
            quote!(#private::MigrationSite::new(#recorder, #source, #destination) #mode),
            classify,
            measure,
        ],
        private,
    }
}

/// What a migration that succeeded says about itself.
fn measure(args: &mut Args, private: &Private, shape: &Shape) -> TokenStream {
    let output = shape.output();
    // Where the type stands that has to be a `Result`.
    let private = private.at(output.span());
    let mut reader = |key| args.take(key).and_then(super::super::args::Arg::expr);
    match (reader("bytes"), reader("downtime")) {
        (None, None) => quote!(#private::no_measure),
        (Some(bytes), None) => {
            quote_spanned!(output.span()=> #private::measure_bytes::<#output>(#bytes))
        }
        (None, Some(downtime)) => {
            quote_spanned!(output.span()=> #private::measure_downtime::<#output, _>(#downtime))
        }
        (Some(bytes), Some(downtime)) => {
            quote_spanned!(output.span()=> #private::measure::<#output, _>(#bytes, #downtime))
        }
    }
}
