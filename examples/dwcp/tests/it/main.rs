//! Migrations as their users meet them: processes that are started, scraped, cut off and killed.
//!
//! | room | what happens there |
//! |---|---|
//! | `demo` | both sides at once: a guest that can be moved, one that cannot, one that is not to be |
//! | `failures` | destinations that die, connections that are cut, orders that make no sense |
//! | `agreement` | what processes log beside what they show to Prometheus |
//! | `dashboard` | a real Prometheus, and every query of the DWCP dashboard |
//! | `trace` | a real collector, and one trace for each migration |
//! | `processes` | starting, asking and ending them |
//! | `proxy` | a wire to cut |
//! | `scrape` | what `/metrics` says |

mod agreement;
mod dashboard;
mod demo;
mod failures;
mod processes;
mod proxy;
mod scrape;
mod trace;
