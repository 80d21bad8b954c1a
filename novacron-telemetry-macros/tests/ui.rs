//! What the macros accept, and what they say to a mistake: one mistake per file, named after it.
//!
//! The messages are those of the stable compiler; after a change of wording, look at each one and
//! run with `TRYBUILD=overwrite`.

#[test]
fn macros_accept_and_refuse() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}
