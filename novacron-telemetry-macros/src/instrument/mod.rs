//! `#[instrument_…]`: all attributes, one path.
//!
//! Arguments → a site, a classifier and measures; the function → one call that is given them and
//! the body. What happens in that call is ordinary code of the library.

mod closed;
mod function;
mod shape;
mod site;
mod table;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use crate::args::{Arg, Args, Private};
use crate::errors::Errors;
use function::Function;
use shape::Shape;
use table::{Attribute, ERROR, OUTCOME, TELEMETRY};

pub(crate) use table::{
    API, EXTERNAL_CALL, JOB, MIGRATION, PROVIDER_CALL, QUERY, RECONCILE, TASK, VM,
};

/// One call into the library, but for the body.
struct Call {
    private: Private,
    /// What stands before the body.
    arguments: Vec<TokenStream>,
}

/// The item, marked.
pub(crate) fn expand(attribute: &Attribute, args: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let args = Args::of_macro(args, &attribute.keys(), &mut errors);
    let function = errors.keep(syn::parse2::<Function>(item.clone()));
    let shape = function.and_then(|function| {
        let shape = errors.keep(Shape::of(&function))?;
        Some((function, shape))
    });
    let Some((function, shape)) = shape else {
        return quote!(#errors #item);
    };
    let call = call(attribute, args, &function, &shape, &mut errors);
    if !errors.is_empty() {
        // The item as it was: whatever uses it is not reported too.
        return quote!(#errors #item);
    }
    shape.expand(function, &call)
}

fn call(
    attribute: &Attribute,
    mut args: Args,
    function: &Function,
    shape: &Shape,
    errors: &mut Errors,
) -> Call {
    let private = args.private(errors);
    let recorder = recorder(&mut args, &private);
    let site = site::site(attribute, &mut args, &recorder, &private, function, errors);
    let classify = classify(&mut args, &private, shape, errors);
    let measure = measure(attribute, &mut args, &private, shape);
    Call {
        private,
        arguments: vec![site, classify, measure],
    }
}

/// Who records: what `telemetry = …` names, else whoever is current when the work begins.
fn recorder(args: &mut Args, private: &Private) -> TokenStream {
    match args.take(TELEMETRY.name).and_then(Arg::expr) {
        Some(telemetry) => {
            let private = private.at(telemetry.span());
            quote_spanned!(telemetry.span()=> #private::recorder_of(&#telemetry))
        }
        None => quote!(#private::current()),
    }
}

/// How the returned value is read. Readers are passed on, never called in place: the types of their
/// parameters are known from `output`.
fn classify(args: &mut Args, private: &Private, shape: &Shape, errors: &mut Errors) -> TokenStream {
    let output = shape.output();
    match (args.take(ERROR.name), args.take(OUTCOME.name)) {
        (Some(_), Some(outcome)) => {
            errors.at(
                outcome.key,
                "`outcome` reads the whole value and `error` its error: give one of them",
            );
            TokenStream::new()
        }
        (Some(error), None) => {
            let (read, error) = (method(&error), error.expr());
            let result = result(private, output);
            quote!(#result.#read(#error))
        }
        (None, Some(outcome)) => {
            let (read, outcome) = (method(&outcome), outcome.expr());
            quote!(#private::returned::<#output>().#read(#outcome))
        }
        // On the return type, so that "does not say whether it is a success" is read there.
        (None, None) => {
            let private = private.at(output.span());
            quote_spanned!(output.span()=> #private::outcome_of::<_, _>)
        }
    }
}

/// What work that succeeded says about itself.
fn measure(
    attribute: &Attribute,
    args: &mut Args,
    private: &Private,
    shape: &Shape,
) -> TokenStream {
    let result = result(private, shape.output());
    let readers = attribute.measures.iter().filter_map(|key| {
        let arg = args.take(key.name)?;
        let (read, reader) = (method(&arg), arg.expr()?);
        Some(quote!(#result.#read(#reader)))
    });
    quote!((#(#readers,)*))
}

/// The returned value as a `Result`: on its type, which may be none.
fn result(private: &Private, output: &Type) -> TokenStream {
    let private = private.at(output.span());
    quote_spanned!(output.span()=> #private::result::<#output>())
}

/// What reads an argument has its name, and stands where it does: a reader that does not fit is
/// reported there.
fn method(arg: &Arg) -> Ident {
    let mut name = arg.key.clone();
    name.set_span(name.span().resolved_at(Span::mixed_site()));
    name
}
