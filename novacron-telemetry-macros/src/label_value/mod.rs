//! `#[derive(LabelValue)]`: one value of a label, closed or open.

mod expand;
mod parse;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::errors::Errors;
use crate::fallback;

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let value = parse::parse(input, &mut errors);
    let code = match (&value, errors.is_empty()) {
        (Some(value), true) => expand::expand(value),
        (Some(value), false) => fallback::label_value(&value.ident, &value.private),
        (None, _) => TokenStream::new(),
    };
    quote!(#errors #code)
}
