//! `NOVACRON_MACROS_DEBUG=1` prints what the macros make.

use std::env;

use proc_macro2::TokenStream;

/// The expansion, after printing it if somebody wants to see it.
pub(crate) fn shown(name: &str, expansion: TokenStream) -> proc_macro::TokenStream {
    if env::var_os("NOVACRON_MACROS_DEBUG").is_some_and(|value| value == "1") {
        #[expect(
            clippy::print_stderr,
            reason = "printing is what the variable asks for"
        )]
        {
            eprintln!("// {name}\n{expansion}\n");
        }
    }
    expansion.into()
}
