//! Async functions of every signature, behaving as if they were not marked.

use std::error::Error;
use std::fmt::Display;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use novacron_telemetry::instrument_api;

type Failed = Box<dyn Error + Send + Sync>;

#[instrument_api]
async fn plain() -> Result<u32, Failed> {
    Ok(1)
}

#[instrument_api]
async fn nothing() {}

#[instrument_api]
async fn borrowed<'a>(text: &'a str, _: &str) -> Result<&'a str, Failed> {
    Ok(text.trim())
}

#[instrument_api]
async fn elided(text: &str) -> Result<&str, Failed> {
    Ok(text.trim())
}

#[instrument_api]
async fn mutated(list: &mut Vec<u32>, mut extra: u32) -> Result<usize, Failed> {
    extra += 1;
    list.push(extra);
    Ok(list.len())
}

#[instrument_api]
async fn patterns((a, b): (u32, u32), [c, ..]: [u32; 2]) -> Result<u32, Failed> {
    Ok(a + b + c)
}

#[instrument_api]
async fn generic<T, const N: usize>(list: [T; N]) -> Result<String, Failed>
where
    T: Display + Send,
{
    Ok(list.iter().map(T::to_string).collect())
}

#[instrument_api]
async fn impl_argument(text: impl Into<String>) -> Result<String, Failed> {
    Ok(text.into())
}

#[instrument_api]
async fn impl_return(up_to: u32) -> Result<impl Iterator<Item = u32>, Failed> {
    if up_to > 100 {
        return Err("too many".into());
    }
    Ok(0..up_to)
}

#[instrument_api]
async fn early_return(text: &str) -> Result<u32, Failed> {
    if text.is_empty() {
        // The return type is known here: `?` and `into` need it.
        return Err("empty".into());
    }
    let number: u32 = text.parse()?;
    if number > 9 {
        return Err(Box::new(std::fmt::Error));
    }
    Ok(number)
}

#[instrument_api]
async fn nested() -> Result<u32, Failed> {
    #[instrument_api]
    async fn inner() -> Result<u32, Failed> {
        plain().await
    }
    Ok(inner().await? + plain().await?)
}

#[instrument_api]
async fn inner_attribute() -> Result<u32, Failed> {
    #![allow(unused_variables)]
    let unused = 1;
    Ok(1)
}

#[instrument_api]
async fn diverges() -> Result<u32, Failed> {
    loop {
        return Ok(3);
    }
}

/// A documented one.
#[must_use]
#[instrument_api]
#[inline]
pub(crate) async fn decorated() -> Result<u32, Failed> {
    Ok(1)
}

#[instrument_api]
async unsafe fn r#unsafe(pointer: *const u32) -> Result<u32, Failed> {
    // SAFETY: the caller's promise.
    Ok(unsafe { *pointer })
}

struct Service {
    calls: u32,
}

impl Service {
    #[instrument_api]
    async fn read(&self) -> Result<&u32, Failed> {
        Ok(&self.calls)
    }

    #[instrument_api]
    async fn count(&mut self) -> Result<u32, Failed> {
        self.calls += 1;
        Ok(self.calls)
    }

    #[instrument_api]
    async fn finish(self) -> Result<Self, Failed> {
        Ok(self)
    }

    #[instrument_api]
    async fn boxed(self: Box<Self>) -> Result<u32, Failed> {
        Ok(self.calls)
    }
}

trait Store {
    fn name(&self) -> String;

    #[allow(async_fn_in_trait)]
    #[instrument_api]
    async fn provided(&self) -> Result<String, Failed> {
        Ok(self.name())
    }
}

impl Store for Service {
    fn name(&self) -> String {
        self.calls.to_string()
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}

fn main() {
    block_on(async {
        assert_eq!(plain().await.unwrap(), 1);
        nothing().await;
        assert_eq!(borrowed(" a ", "").await.unwrap(), "a");
        assert_eq!(elided(" a ").await.unwrap(), "a");
        let mut list = vec![];
        assert_eq!(mutated(&mut list, 6).await.unwrap(), 1);
        assert_eq!(list, [7]);
        assert_eq!(patterns((1, 2), [3, 4]).await.unwrap(), 6);
        assert_eq!(generic([1, 2]).await.unwrap(), "12");
        assert_eq!(impl_argument("a").await.unwrap(), "a");
        assert_eq!(impl_return(3).await.unwrap().count(), 3);
        assert!(impl_return(101).await.is_err());
        assert_eq!(early_return("7").await.unwrap(), 7);
        for text in ["", "x", "10"] {
            assert!(early_return(text).await.is_err());
        }
        assert_eq!(nested().await.unwrap(), 2);
        assert_eq!(inner_attribute().await.unwrap(), 1);
        assert_eq!(diverges().await.unwrap(), 3);
        assert_eq!(decorated().await.unwrap(), 1);
        // SAFETY: the pointer is a reference.
        assert_eq!(unsafe { r#unsafe(&5) }.await.unwrap(), 5);
        let mut service = Service { calls: 0 };
        assert_eq!(service.count().await.unwrap(), 1);
        assert_eq!(*service.read().await.unwrap(), 1);
        assert_eq!(service.provided().await.unwrap(), "1");
        let service = service.finish().await.unwrap();
        assert_eq!(Box::new(service).boxed().await.unwrap(), 1);
    });
}
