//! `#[derive(LabelSet)]`: the labels of one family.

mod expand;
mod parse;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::errors::Errors;

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let set = parse::parse(input, &mut errors);
    // Also after a mistake, so that whatever uses the item is not reported too; but then without
    // the rules, which would say the same again.
    let code = set.map(|set| expand::expand(&set, errors.is_empty()));
    quote!(#errors #code)
}
