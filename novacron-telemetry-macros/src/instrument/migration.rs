//! Arguments and call of `#[instrument_migration]`.

use quote::quote;

use super::function::Function;
use super::shape::Shape;
use super::{Call, ERROR, OUTCOME, TELEMETRY, classify, recorder};
use crate::args::{Args, CRATE, Key};
use crate::errors::Errors;

const SOURCE: Key = Key::value("source", "source = plan.source()");
const DESTINATION: Key = Key::value("destination", "destination = plan.destination()");

pub(super) const KEYS: &[Key] = &[
    SOURCE,
    DESTINATION,
    Key::value("mode", "mode = DwcpMode::Internet"),
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
    Call {
        future: quote!(#private::migration_future),
        sync: quote!(#private::migration_sync),
        arguments: vec![
            recorder,
            // Evaluated before the body takes its arguments.
            quote!(#private::MigrationSite::new(#source, #destination) #mode),
            classify,
            quote!(#private::no_measure),
        ],
    }
}
