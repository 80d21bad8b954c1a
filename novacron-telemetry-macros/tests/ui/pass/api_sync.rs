//! Sync functions: `return`, `?`, borrowed and moved arguments work as written.

use std::error::Error;

use novacron_telemetry::instrument_api;

type Failed = Box<dyn Error>;

#[instrument_api]
fn plain() -> Result<u32, Failed> {
    Ok(1)
}

#[instrument_api]
fn nothing() {}

#[instrument_api]
fn early(text: &str) -> Result<u32, Failed> {
    if text.is_empty() {
        return Err("empty".into());
    }
    Ok(text.parse()?)
}

#[instrument_api]
fn borrowed(text: &str) -> Result<&str, Failed> {
    Ok(text.trim())
}

#[instrument_api]
fn longest<'a>(a: &'a str, b: &'a str) -> Result<&'a str, Failed> {
    Ok(if a.len() > b.len() { a } else { b })
}

#[instrument_api]
fn moved(mut list: Vec<u32>) -> Result<Vec<u32>, Failed> {
    list.push(1);
    Ok(list)
}

#[instrument_api]
fn opaque(list: &[u32]) -> Result<impl Iterator<Item = u32> + '_, Failed> {
    Ok(list.iter().copied())
}

#[instrument_api]
#[allow(improper_ctypes_definitions)]
extern "C" fn foreign(n: u32) -> Result<u32, ()> {
    Ok(n)
}

struct Service(u32);

impl Service {
    #[instrument_api]
    fn count(&mut self) -> Result<&mut u32, Failed> {
        self.0 += 1;
        Ok(&mut self.0)
    }
}

fn main() {
    assert_eq!(plain().unwrap(), 1);
    nothing();
    assert_eq!(early("5").unwrap(), 5);
    assert!(early("").is_err() && early("x").is_err());
    assert_eq!(borrowed(" a ").unwrap(), "a");
    assert_eq!(longest("a", "bc").unwrap(), "bc");
    assert_eq!(moved(vec![]).unwrap(), [1]);
    assert_eq!(opaque(&[1, 2]).unwrap().sum::<u32>(), 3);
    assert_eq!(foreign(1), Ok(1));
    let mut service = Service(0);
    *service.count().unwrap() += 1;
    assert_eq!(service.0, 2);
}
