//! From the description to code.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::check;
use super::parse::{Family, Group};

pub(super) fn expand(group: &Group, checked: bool) -> TokenStream {
    let Group {
        ident,
        private,
        families,
    } = group;
    let fields = families
        .iter()
        .map(|family| &family.ident)
        .collect::<Vec<_>>();
    let places = 0..families.len();
    let descriptors = families.iter().map(|family| descriptor(family, private));
    let constants = families
        .iter()
        .enumerate()
        .map(|(at, family)| constant(at, family, private));
    let assertions = checked.then(|| check::assertions(group));
    // Stated on the impls, so that a field that is no instrument is one message, on its type.
    let instruments = families.iter().map(|family| {
        let ty = &family.ty;
        let private = private.at(ty.span());
        quote_spanned!(ty.span()=> #ty: #private::Instrument,)
    });
    let clone = quote_spanned!(ident.span()=> #ident: ::core::clone::Clone,);
    let bounds = quote!(#clone #(#instruments)*);

    quote! {
        #[automatically_derived]
        #[allow(trivial_bounds)]
        impl #private::MetricGroup for #ident
        where
            #bounds
        {
            const DESCRIPTORS: &'static [#private::Descriptor] = &[#(#descriptors),*];

            fn register(scope: &mut #private::Scope<'_>) -> #private::Result<Self> {
                #private::Result::Ok(Self {
                    #(#fields: #private::register(
                        scope,
                        &<Self as #private::MetricGroup>::DESCRIPTORS[#places],
                    )?,)*
                })
            }

            fn noop() -> Self {
                Self {
                    #(#fields: #private::Instrument::noop(),)*
                }
            }
        }

        #[allow(dead_code, trivial_bounds)]
        impl #ident
        where
            #bounds
        {
            #(#constants)*
        }

        #assertions
    }
}

fn descriptor(family: &Family, private: &impl quote::ToTokens) -> TokenStream {
    let Family {
        ty,
        name,
        help,
        literal,
        unit,
        buckets,
        writer,
        ..
    } = family;
    let setters = [
        unit.as_ref()
            .map(|unit| quote!(.unit(#private::Unit::#unit))),
        buckets.as_ref().map(|bounds| quote!(.buckets(#bounds))),
        writer
            .as_ref()
            .map(|writer| quote!(.writer(#private::Writer::#writer))),
        literal.as_ref().map(|reason| quote!(.literal(#reason))),
        family.opt_in.then(|| quote!(.opt_in())),
        family.joined.then(|| quote!(.joined())),
        family.exemplars.then(|| quote!(.exemplars())),
    ];
    let setters = setters.iter().flatten();
    quote!(#private::Descriptor::new::<#ty>(#name, #help) #(#setters)*)
}

/// `ApiMetrics::REQUESTS_TOTAL`: what alerts and tests say instead of a text.
fn constant(at: usize, family: &Family, private: &impl quote::ToTokens) -> TokenStream {
    let field = family.ident.unraw();
    let constant = format_ident!(
        "{}",
        field.to_string().to_uppercase(),
        span = family.ident.span()
    );
    let name = family.name.value();
    let doc = format!("`{name}`: {}", family.help);
    quote! {
        #[doc = #doc]
        #[doc(alias = #name)]
        pub const #constant: &'static #private::Descriptor =
            &<Self as #private::MetricGroup>::DESCRIPTORS[#at];
    }
}
