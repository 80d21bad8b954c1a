//! The function as it was written: its signature is understood, its body is kept as tokens.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream, Parser};
use syn::visit_mut::{self, VisitMut};
use syn::{
    AttrStyle, Attribute, Error, ReturnType, Signature, Token, Type, TypeTuple, Visibility, token,
};

pub(super) struct Function {
    attrs: Vec<Attribute>,
    vis: Visibility,
    pub(super) sig: Signature,
    /// The braces and what is in them.
    pub(super) body: Group,
}

impl Function {
    /// The return type as it may be written inside the body: `impl Trait` is inferred there.
    pub(super) fn output(&self) -> Type {
        match &self.sig.output {
            ReturnType::Default => Type::Tuple(TypeTuple {
                attrs: Vec::new(),
                // Known as ours, or lints would ask for a semicolon behind the call.
                paren_token: token::Paren(self.sig.ident.span().resolved_at(Span::call_site())),
                elems: syn::punctuated::Punctuated::new(),
            }),
            ReturnType::Type(_, ty) => nameable(ty),
        }
    }

    /// The same function around another body.
    pub(super) fn with_body(self, body: TokenStream) -> TokenStream {
        let Self {
            attrs,
            vis,
            sig,
            body: written,
        } = self;
        let mut group = Group::new(Delimiter::Brace, body);
        group.set_span(written.span());
        quote! {
            #(#attrs)*
            #vis #sig #group
        }
    }
}

/// A type with `_` for every `impl Trait`.
pub(super) fn nameable(ty: &Type) -> Type {
    struct Infer;

    impl VisitMut for Infer {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            if let Type::ImplTrait(opaque) = ty {
                let underscore = Token![_](opaque.impl_token.span);
                *ty = Type::Verbatim(underscore.to_token_stream());
            } else {
                visit_mut::visit_type_mut(self, ty);
            }
        }
    }

    let mut ty = ty.clone();
    Infer.visit_type_mut(&mut ty);
    ty
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        if let Some(kind) = other_kind(input) {
            return Err(input.error(format!(
                "only a function can be instrumented; this is {kind}"
            )));
        }
        let sig: Signature = input.parse()?;
        if input.peek(Token![;]) {
            return Err(Error::new(
                sig.ident.span(),
                "a function without a body cannot be instrumented: mark its implementations",
            ));
        }
        if let Some(constness) = &sig.constness {
            return Err(Error::new(
                constness.span,
                "a `const fn` cannot be instrumented: recording happens at run time",
            ));
        }
        if let ReturnType::Type(_, ty) = &sig.output
            && let Type::Never(never) = &**ty
        {
            return Err(Error::new_spanned(
                never,
                "a function that never returns has no outcome to record",
            ));
        }
        let body = match input.parse()? {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => group,
            other => return Err(Error::new(other.span(), "expected the function's body")),
        };
        let body = without_inner_attributes(&body, &mut attrs)?;
        Ok(Self {
            attrs,
            vis,
            sig,
            body,
        })
    }
}

/// What stands here, if it is recognised as something else than a function.
fn other_kind(input: ParseStream<'_>) -> Option<&'static str> {
    let constant = input.peek(Token![const])
        && !(input.peek2(Token![fn])
            || input.peek2(Token![async])
            || input.peek2(Token![unsafe])
            || input.peek2(Token![extern]));
    let kinds = [
        (input.peek(Token![struct]), "a struct"),
        (input.peek(Token![enum]), "an enum"),
        (
            input.peek(Token![trait]),
            "a trait: mark the methods of its implementations",
        ),
        (input.peek(Token![impl]), "an impl block: mark its methods"),
        (input.peek(Token![mod]), "a module: mark its functions"),
        (input.peek(Token![type]), "a type"),
        (input.peek(Token![use]), "an import"),
        (input.peek(Token![static]), "a static"),
        (constant, "a constant"),
    ];
    kinds
        .iter()
        .find_map(|(found, kind)| found.then_some(*kind))
}

/// Moves `#![allow(…)]` from the start of the body to the function: the body becomes an inner
/// block, where it could not stand.
fn without_inner_attributes(body: &Group, attrs: &mut Vec<Attribute>) -> syn::Result<Group> {
    let parser = |input: ParseStream<'_>| {
        Ok((
            input.call(Attribute::parse_inner)?,
            input.parse::<TokenStream>()?,
        ))
    };
    let (inner, rest) = parser.parse2(body.stream())?;
    attrs.extend(inner.into_iter().map(|mut attr| {
        attr.style = AttrStyle::Outer;
        attr
    }));
    let mut group = Group::new(body.delimiter(), rest);
    group.set_span(body.span());
    Ok(group)
}
