//! The gRPC layers, judged by a server and a client that others wrote.

mod bare;
mod cancelled;
mod client;
mod names;
mod raw;
mod script;
mod table;
mod world;
