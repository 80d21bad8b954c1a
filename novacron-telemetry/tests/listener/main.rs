//! The port of our own, asked over real sockets: by honest scrapers, and by everybody else.

mod auth;
mod canary;
mod certs;
mod heads;
mod life;
mod settings;
mod support;
mod tls;
