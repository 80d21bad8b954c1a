//! `#[instrument_api]` and `#[instrument_migration]`: both attributes, one path.
//!
//! Arguments → a site, a recorder and a classifier; the function → one call that is given them and
//! the body. What happens in that call is ordinary code of the library.

mod api;
mod function;
mod migration;
mod shape;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::args::{Arg, Args, Key, Private};
use crate::errors::Errors;
use function::Function;
use shape::Shape;

pub(crate) fn api(args: TokenStream, item: &TokenStream) -> TokenStream {
    expand(args, item, api::KEYS, api::call)
}

pub(crate) fn migration(args: TokenStream, item: &TokenStream) -> TokenStream {
    expand(args, item, migration::KEYS, migration::call)
}

/// One call into the library, but for the body.
struct Call {
    private: Private,
    /// What is called with a future.
    future: &'static str,
    /// What is called with a closure.
    sync: &'static str,
    /// What stands before the body.
    arguments: Vec<TokenStream>,
}

const TELEMETRY: Key = Key::value("telemetry", "telemetry = self.telemetry");
const ERROR: Key = Key::value("error", "error = ApiError::class");
const OUTCOME: Key = Key::value("outcome", "outcome = |value| value.is_some()");

fn expand(
    args: TokenStream,
    item: &TokenStream,
    keys: &[Key],
    call: fn(Args, &Function, &Shape, &mut Errors) -> Call,
) -> TokenStream {
    let mut errors = Errors::default();
    let args = Args::of_macro(args, keys, &mut errors);
    let function = errors.keep(syn::parse2::<Function>(item.clone()));
    let shape = function.and_then(|function| {
        let shape = errors.keep(Shape::of(&function))?;
        Some((function, shape))
    });
    let Some((function, shape)) = shape else {
        return quote!(#errors #item);
    };
    let call = call(args, &function, &shape, &mut errors);
    if !errors.is_empty() {
        // The item as it was: whatever uses it is not reported too.
        return quote!(#errors #item);
    }
    shape.expand(function, &call)
}

/// Who records: what `telemetry = …` names, else whoever is current when the work begins.
fn recorder(args: &mut Args, private: &Private) -> TokenStream {
    match args.take("telemetry").and_then(Arg::expr) {
        Some(telemetry) => {
            let private = private.at(telemetry.span());
            quote_spanned!(telemetry.span()=> #private::recorder_of(&#telemetry))
        }
        None => quote!(#private::current()),
    }
}

/// How the returned value is read.
fn classify(args: &mut Args, private: &Private, shape: &Shape, errors: &mut Errors) -> TokenStream {
    let output = shape.output();
    match (args.take("error"), args.take("outcome")) {
        (Some(_), Some(outcome)) => {
            errors.at(
                outcome.key,
                "`outcome` reads the whole value and `error` its error: give one of them",
            );
            TokenStream::new()
        }
        // Passed on, never called in place: the types of parameters are known from `output`.
        (Some(error), None) => {
            let error = error.expr();
            let private = private.at(output.span());
            quote_spanned!(output.span()=> #private::classify_error::<#output>(#error))
        }
        (None, Some(outcome)) => {
            let outcome = outcome.expr();
            let private = private.at(outcome.span());
            quote_spanned!(outcome.span()=> #private::classify_with::<#output, _>(#outcome))
        }
        // On the return type, so that "does not say whether it is a success" is read there.
        (None, None) => {
            let private = private.at(output.span());
            quote_spanned!(output.span()=> #private::outcome_of::<_>)
        }
    }
}
