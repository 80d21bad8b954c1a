//! Compiles `proto/dwcp.proto`, without a `protoc`.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let files = protox::compile(["proto/dwcp.proto"], ["proto"])?;
    tonic_prost_build::configure()
        // Pages are handed on without being copied.
        .bytes(".")
        .compile_fds(files)?;
    Ok(())
}
