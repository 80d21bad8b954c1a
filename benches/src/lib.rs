//! What recording and scraping cost, beside the floor of the machine and beside other libraries.
//!
//! `cargo bench -p benches` measures everything, prints one table and writes it to
//! `benches/RESULTS.md`; `cargo bench -p benches -- family scrape` measures parts of it and only
//! prints. Every contender does the same work behind the same traits: see [`rivals`].

pub mod heap;
pub mod load;
pub mod machine;
pub mod measure;
pub mod program;
pub mod questions;
pub mod report;
pub mod rivals;
pub mod threads;
pub mod work;
