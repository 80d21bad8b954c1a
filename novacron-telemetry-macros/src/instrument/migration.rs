//! Arguments and call of `#[instrument_migration]`.

use proc_macro2::TokenStream;
use quote::quote;

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
        let node = args.take(key.name).and_then(|arg| arg.expr());
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
        .and_then(|arg| arg.expr())
        .map(|mode| quote!(.mode(#mode)));
    let classify = classify(&mut args, &private, shape, errors);
    let measure = measure(&mut args, &private, shape);
    Call {
        future: "migration_future",
        sync: "migration_sync",
        arguments: vec![
            recorder,
            // Evaluated before the body takes its arguments.
            quote!(#private::MigrationSite::new(#source, #destination) #mode),
            classify,
            measure,
        ],
        private,
    }
}

/// What a migration that succeeded says about itself.
fn measure(args: &mut Args, private: &Private, shape: &Shape) -> TokenStream {
    let output = shape.output();
    let mut reader = |key, number| match args.take(key).and_then(|arg| arg.expr()) {
        Some(reader) => (true, quote!(::core::option::Option::Some(#reader))),
        None => {
            let value = quote!(<#output as #private::AsResult>::Value);
            (
                false,
                quote!(::core::option::Option::None::<fn(&#value) -> #number>),
            )
        }
    };
    let (has_bytes, bytes) = reader("bytes", quote!(u64));
    let (has_downtime, downtime) = reader("downtime", quote!(f64));
    if has_bytes || has_downtime {
        quote!(#private::measure::<#output, _>(#bytes, #downtime))
    } else {
        quote!(#private::no_measure)
    }
}
