//! The program as its users meet it: started, asked over HTTP, and watched by Prometheus itself.
//!
//! | room | what happens there |
//! |---|---|
//! | `idle` | what a server shows that nobody has asked anything, and what judges say about it |
//! | `counts` | ten thousand requests, read back by PromQL |
//! | `traffic` | which requests those are, and sending them |
//! | `traces` | from the exemplar of a slow request to its span and its lines |
//! | `unhurt` | broken logs and collectors, and how long requests take meanwhile |
//! | `exposition` | a scrape, line by line, against the catalog's declarations |
//! | `programs` | starting, asking and ending the server, Prometheus and the other judges |
//!
//! `scripts/tools` fetches the judges. Where one is missing, its test says so and ends; with
//! `NOVACRON_TEST=strict` it fails.

mod counts;
mod exposition;
mod idle;
mod programs;
mod traces;
mod traffic;
mod unhurt;
