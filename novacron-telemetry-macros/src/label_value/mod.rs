//! `#[derive(LabelValue)]`: one value of a label, closed or open.

mod expand;
mod parse;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::errors::Errors;

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let value = parse::parse(input, &mut errors);
    // Also after a mistake, so that whatever uses the item is not reported too; but then without
    // the rules, which would say the same again.
    let code = value.map(|value| expand::expand(&value, errors.is_empty()));
    quote!(#errors #code)
}
