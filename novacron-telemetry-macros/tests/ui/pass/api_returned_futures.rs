//! Futures that are returned rather than awaited: `async_trait`, by hand, and `impl Future`.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use novacron_telemetry::{instrument_api, instrument_migration};

#[async_trait]
trait Store {
    async fn get(&self, key: &str) -> Result<String, String>;

    async fn put(&mut self, key: String) -> Result<usize, String>;

    #[instrument_api]
    async fn provided(&self) -> Result<u8, String> {
        if self.get("a").await.is_err() {
            return Err("a".into());
        }
        Ok(1)
    }
}

struct Memory(Vec<String>);

#[async_trait]
impl Store for Memory {
    #[instrument_api(endpoint = "/keys/{key}", method = "GET", error = classify)]
    async fn get(&self, key: &str) -> Result<String, String> {
        self.0.iter().find(|k| *k == key).cloned().ok_or_else(|| key.to_owned())
    }

    #[instrument_migration(source = "a", destination = &key)]
    async fn put(&mut self, key: String) -> Result<usize, String> {
        self.0.push(key);
        Ok(self.0.len())
    }
}

fn classify(_: &String) -> novacron_telemetry::record::Failure {
    novacron_telemetry::record::Failure::INTERNAL
}

#[instrument_api]
fn by_hand(n: u32) -> Pin<Box<dyn Future<Output = Result<u32, ()>> + Send>> {
    let next = n + 1;
    Box::pin(async move { Ok(next) })
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

#[instrument_api]
fn by_alias(text: &str) -> BoxFuture<'_, Result<usize, ()>> {
    Box::pin(async move { Ok(text.len()) })
}

#[instrument_api]
fn opaque(text: &str) -> impl Future<Output = Result<usize, ()>> + Send + '_ {
    async { Ok(text.len()) }
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
    let mut store = Memory(vec![]);
    assert_eq!(block_on(store.put("a".into())), Ok(1));
    assert_eq!(block_on(store.get("a")), Ok("a".into()));
    assert_eq!(block_on(store.get("b")), Err("b".into()));
    assert_eq!(block_on(store.provided()), Ok(1));
    assert_eq!(block_on(by_hand(1)), Ok(2));
    assert_eq!(block_on(by_alias("abc")), Ok(3));
    assert_eq!(block_on(opaque("abcd")), Ok(4));
}
