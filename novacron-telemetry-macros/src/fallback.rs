//! What is emitted after a mistake.
//!
//! The mistake itself is one message. These stand-ins keep the rest of the program type-checked as
//! if it had not been made, so that nothing else is reported: the item exists, and the trait that
//! the derive promised is implemented.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use crate::args::Private;

/// A label value without texts.
pub(crate) fn label_value(ident: &Ident, private: &Private) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl #private::LabelValue for #ident
        where
            #ident: ::core::clone::Clone,
        {
            const DOMAIN: #private::Domain = #private::Domain::Closed(&[]);

            type Ref<'a> = ();

            fn to_ref(&self) {}

            fn part((): Self::Ref<'_>) -> #private::Part<'_> {
                #private::Part::Absent
            }
        }
    }
}

/// A label set without labels.
pub(crate) fn label_set(ident: &Ident, private: &Private) -> TokenStream {
    let twin = format_ident!("{ident}Ref");
    let key = |for_type: TokenStream| {
        quote! {
            #[automatically_derived]
            impl #private::LabelKey<#ident> for #for_type {
                type Parts<'p> = [#private::Part<'p>; 0]
                where
                    Self: 'p;

                fn parts(&self) -> Self::Parts<'_> {
                    []
                }

                fn index(&self) -> usize {
                    0
                }
            }
        }
    };
    let (owned, borrowed) = (key(quote!(#ident)), key(quote!(#twin<'_>)));
    quote! {
        #[derive(::core::clone::Clone, ::core::marker::Copy)]
        struct #twin<'a>(::core::marker::PhantomData<&'a ()>);

        #[automatically_derived]
        impl #private::LabelSet for #ident {
            const LABELS: &'static [#private::LabelDescriptor] = &[];

            type Ref<'a> = #twin<'a>;
        }

        #owned

        #borrowed
    }
}

/// A group without families.
pub(crate) fn metric_group(ident: &Ident, private: &Private) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl #private::MetricGroup for #ident {
            const DESCRIPTORS: &'static [#private::Descriptor] = &[];

            fn register(_: &mut #private::Scope<'_>) -> #private::Result<Self> {
                loop {}
            }

            fn noop() -> Self {
                loop {}
            }
        }
    }
}
