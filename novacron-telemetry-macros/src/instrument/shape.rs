//! How the body runs: awaited, called, or returned as a future and awaited by the caller.

use proc_macro2::{Group, Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    Block, Error, Expr, GenericArgument, PathArguments, ReturnType, Stmt, Type, TypeParamBound,
};

use super::Call;
use super::function::{Function, nameable};

pub(super) enum Shape {
    /// `async fn`.
    Async { output: Type },
    /// `fn` that returns when the work is done.
    Sync { output: Type },
    /// `fn` whose body ends in an async block that it returns, boxed or not. `async_trait` makes
    /// these.
    Returned { output: Type, body: Block },
}

impl Shape {
    pub(super) fn of(function: &Function) -> syn::Result<Self> {
        let output = function.output();
        if function.sig.asyncness.is_some() {
            return Ok(Self::Async { output });
        }
        let ReturnType::Type(_, written) = &function.sig.output else {
            return Ok(Self::Sync { output });
        };
        let Some(output_of_future) = future_output(written) else {
            return Ok(Self::Sync { output });
        };
        let mut body: Block = syn::parse2(function.body.to_token_stream())?;
        if returned(&mut body).is_none() {
            return Err(Error::new_spanned(
                written,
                "a returned future can only be instrumented where it is made: let the body end in \
                 `Box::pin(async move { … })`, or mark an `async fn`",
            ));
        }
        Ok(Self::Returned {
            output: output_of_future,
            body,
        })
    }

    /// The type of the value that tells the outcome.
    pub(super) fn output(&self) -> &Type {
        match self {
            Shape::Async { output } | Shape::Sync { output } | Shape::Returned { output, .. } => {
                output
            }
        }
    }

    /// The function around one call.
    pub(super) fn expand(self, function: Function, call: &Call) -> TokenStream {
        let Call { private, arguments } = call;
        // The call stands on the return type: a value that does not fit is reported there.
        let span = self.output().span();
        let private = private.at(span);
        let [future, sync] = ["work_future", "work_sync"].map(|name| Ident::new(name, span));
        let body = match self {
            Shape::Async { output } => {
                let inner = typed(&output, &function.body);
                quote_spanned!(span=> #private::#future(#(#arguments,)* async move #inner).await)
            }
            // A closure may state its type, so `return` and `?` work as they are written.
            Shape::Sync { output } => {
                let written = &function.body;
                quote_spanned!(span=> #private::#sync(#(#arguments,)* move || -> #output #written))
            }
            Shape::Returned { mut body, .. } => {
                if let Some(block) = returned(&mut body) {
                    // A block of its own, so that the arguments are evaluated when the future is
                    // first polled, as in an `async fn`.
                    *block = Expr::Verbatim(quote_spanned! {span=>
                        async move { #private::#future(#(#arguments,)* #block).await }
                    });
                }
                let statements = body.stmts;
                quote!(#(#statements)*)
            }
        };
        function.with_body(body)
    }
}

/// The body of an `async fn` as a block of the stated type.
///
/// An async block cannot say its type. The `if let` that never holds says it to every `return` and
/// `?`, the binding says it to the value at the end; so a wrong type is reported on the user's line,
/// with the return type as the reason.
fn typed(output: &Type, body: &Group) -> TokenStream {
    let value = format_ident!("__ret", span = Span::mixed_site());
    quote! {
        {
            if let ::core::option::Option::Some(#value) =
                ::core::option::Option::None::<#output>
            {
                return #value;
            }
            #[allow(unused_braces, clippy::let_unit_value)]
            let #value: #output = #body;
            #[allow(unreachable_code)]
            #value
        }
    }
}

/// The async block that a body ends in.
fn returned(body: &mut Block) -> Option<&mut Expr> {
    match body.stmts.last_mut() {
        Some(Stmt::Expr(tail, None)) => async_block(tail),
        _ => None,
    }
}

/// The async block that an expression makes a future of: itself, `Box::pin(…)`, `….boxed()`.
fn async_block(expr: &mut Expr) -> Option<&mut Expr> {
    match expr {
        Expr::Async(_) => Some(expr),
        Expr::Call(call) if call.args.len() == 1 => async_block(call.args.first_mut()?),
        Expr::MethodCall(call) if call.args.is_empty() => async_block(&mut call.receiver),
        Expr::Paren(paren) => async_block(&mut paren.expr),
        Expr::Group(group) => async_block(&mut group.expr),
        _ => None,
    }
}

/// What a future type yields: `Pin<Box<dyn Future<Output = T>>>`, `BoxFuture<'_, T>`,
/// `impl Future<Output = T>`. `None` if the type is no future by its looks.
fn future_output(ty: &Type) -> Option<Type> {
    match ty {
        Type::ImplTrait(opaque) => bounds_output(&opaque.bounds),
        Type::TraitObject(object) => bounds_output(&object.bounds),
        Type::Paren(paren) => future_output(&paren.elem),
        Type::Group(group) => future_output(&group.elem),
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            let PathArguments::AngleBracketed(arguments) = &last.arguments else {
                return None;
            };
            let ty = arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })?;
            match last.ident.to_string().as_str() {
                "Pin" | "Box" => future_output(ty),
                "BoxFuture" | "LocalBoxFuture" => Some(nameable(ty)),
                _ => None,
            }
        }
        _ => None,
    }
}

fn bounds_output<'a>(bounds: impl IntoIterator<Item = &'a TypeParamBound>) -> Option<Type> {
    bounds.into_iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else {
            return None;
        };
        let last = bound
            .path
            .segments
            .last()
            .filter(|last| last.ident == "Future")?;
        let PathArguments::AngleBracketed(arguments) = &last.arguments else {
            return None;
        };
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::AssocType(output) if output.ident == "Output" => {
                Some(nameable(&output.ty))
            }
            _ => None,
        })
    })
}
