//! `nova-metrics` as an operator meets it: the real program, over sockets, files and signals.

mod end;
mod health;
mod hints;
mod privileges;
mod reload;
mod sample;
mod scrape;
mod settings;
mod supervisor;
mod support;
mod token;
