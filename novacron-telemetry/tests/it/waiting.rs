//! Which families still wait for their writer. Verbs are all written ([`super::writers`]); here the
//! layers and the library itself do what they do, and what is left is compared with a committed
//! list, so that it can only shrink knowingly.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use novacron_telemetry::catalog::{Catalog, Method};
use novacron_telemetry::metric::Writer;
use novacron_telemetry::record::{
    record_auth_failure, record_database_connection_error, record_queue_wait,
};
use novacron_telemetry::registry::Groups;
use novacron_telemetry::{Registry, Telemetry};
use tower::{Layer, Service};

/// The committed list: one family a line.
const WAITING: &str = include_str!("waiting.txt");

fn telemetry() -> Telemetry {
    let builder = Telemetry::builder("api-server", "1.2.3")
        .groups(Groups::ALL)
        .slow_request(Duration::ZERO)
        .allocated_bytes(|| 1 << 20);
    #[cfg(feature = "logs")]
    let builder = builder.logs(&log());
    #[cfg(feature = "otlp")]
    let builder = builder.traces(traces());
    Catalog::descriptors()
        .filter(|family| family.opt_in)
        .fold(builder, |builder, family| builder.opt_in(family.name))
        .build()
        .unwrap()
}

/// A service that ends requests in every way there is, by their path.
async fn answer(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let status = match request.uri().path() {
        "/limited" => 429,
        "/invalid" => 422,
        "/late" => 504,
        "/hangs" => std::future::pending().await,
        "/panics" => panic!("on purpose"),
        _ => 200,
    };
    let mut response = Response::new(Full::new(Bytes::from_static(b"{}")));
    *response.status_mut() = status.try_into().unwrap();
    Ok(response)
}

/// Ends requests in every way there is; returns one that has not ended.
async fn requests(telemetry: &Telemetry) -> impl Future {
    let paths = [
        "/fine", "/old", "/limited", "/invalid", "/late", "/hangs", "/panics",
    ];
    let layer = telemetry
        .http_layer()
        .routes(paths.map(|path| (Method::Post, path)))
        .unwrap()
        .deprecate(Method::Post, "/old")
        .unwrap()
        .exclude(Method::Get, "/debug", "not part of the API")
        .unwrap();
    let mut service = layer.layer(tower::service_fn(answer));
    let mut open = None;
    for path in paths {
        let body = Full::new(Bytes::from_static(b"{\"name\":\"vm\"}"));
        let request = Request::post(path).body(body).unwrap();
        let mut call = Box::pin(service.call(request));
        match path {
            "/hangs" => {
                drop(service.call(Request::post("/hangs").body(Full::default()).unwrap()));
                open = Some(call);
            }
            "/panics" => {
                let waker = &mut std::task::Context::from_waker(std::task::Waker::noop());
                let poll = || call.as_mut().poll(waker).is_ready();
                assert!(
                    catch_unwind(AssertUnwindSafe(poll)).is_err(),
                    "the panic goes on"
                );
            }
            _ => {
                let response = call.await.unwrap();
                response.into_body().collect().await.unwrap();
            }
        }
    }
    open.unwrap()
}

/// A unary call and a stream, counted; returns a call that has not ended.
#[cfg(feature = "grpc")]
async fn calls(telemetry: &Telemetry) -> impl Future {
    use novacron_telemetry::layer::grpc::CountedRequest;

    async fn echo(
        request: Request<CountedRequest<Full<Bytes>>>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let messages = request.into_body().collect().await?.to_bytes();
        let answer = Response::builder()
            .header("content-type", "application/grpc")
            .header("grpc-status", "0");
        Ok(answer.body(Full::new(messages)).unwrap())
    }
    let layer = telemetry.grpc_layer();
    let layer = layer.streaming(["/vm.Manager/Watch"]).unwrap();
    let mut server = layer.layer(tower::service_fn(echo));
    let mut call = |path: &str| {
        let request = Request::post(path).header("content-type", "application/grpc");
        let message = Bytes::from_static(b"\0\0\0\0\x04vm-7");
        server.call(request.body(Full::new(message)).unwrap())
    };
    for path in ["/vm.Manager/Start", "/vm.Manager/Watch"] {
        let answer = call(path).await.unwrap();
        answer.into_body().collect().await.unwrap();
    }
    Box::pin(call("/vm.Manager/Start"))
}

/// Gives the library something to say about itself: a value and a word that make no sense, and more
/// texts than a label keeps.
fn faults(telemetry: &Telemetry) {
    telemetry.scope(|| {
        record_queue_wait(f64::NAN);
        record_auth_failure("because");
        for pool in 0..100 {
            record_database_connection_error(&pool.to_string());
        }
    });
}

/// A log in which one line is written, one suppressed and one lost.
#[cfg(feature = "logs")]
fn log() -> novacron_telemetry::logs::Logs {
    use tracing_subscriber::layer::SubscriberExt;

    let logs = novacron_telemetry::logs::Logs::builder("api-server")
        .rate_limit(1, 1)
        .queue_bytes(500)
        .writer(std::io::sink())
        .build()
        .unwrap();
    let subscriber = tracing_subscriber::registry().with(logs.layer());
    tracing::subscriber::with_default(subscriber, || {
        for _ in 0..2 {
            tracing::info!("again and again");
        }
        tracing::warn!(long = "x".repeat(1_000));
    });
    logs.flush(Duration::from_secs(10));
    logs
}

/// Traces that all go to a collector which takes whatever comes.
#[cfg(feature = "otlp")]
fn traces() -> novacron_telemetry::traces::Traces {
    use std::io::{Read, Write};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = Vec::new();
            // Until nothing more comes.
            let patience = Some(Duration::from_millis(50));
            stream.set_read_timeout(patience).unwrap();
            let _ = stream.read_to_end(&mut request);
            assert!(request.starts_with(b"POST /v1/traces "));
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
                .unwrap();
        }
    });
    novacron_telemetry::traces::Traces::otlp(format!("http://{address}"))
        .sample(novacron_telemetry::context::Class::Default, 1.0)
}

/// A port of its own with a token, a certificate, and a guest that speaks something else; returns a
/// guest that says nothing.
#[cfg(feature = "tls")]
fn port(telemetry: &Telemetry) -> std::net::TcpStream {
    use novacron_telemetry::expose::{BearerAuth, ListenerOptions, TlsFiles, Token};
    use std::io::{Read, Write};
    use std::net::TcpStream;

    let auth = BearerAuth::new(Token::generate().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert, key) = (folder.path().join("cert"), folder.path().join("key"));
    std::fs::write(&cert, pair.cert.pem()).unwrap();
    std::fs::write(&key, pair.signing_key.serialize_pem()).unwrap();
    let options = ListenerOptions::new(([127, 0, 0, 1], 0)).auth(auth.clone());
    let listener = telemetry.listen(options.tls(TlsFiles::new(cert, key)));
    let address = listener.unwrap().local_addr();
    assert!(auth.check(&http::HeaderMap::new()).is_err());
    auth.rotate(Token::generate().unwrap());
    let mut plain = TcpStream::connect(address).unwrap();
    plain.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").unwrap();
    // Until it is closed: then it was counted.
    let _ = plain.read_to_end(&mut Vec::new());
    TcpStream::connect(address).unwrap()
}

async fn scrapes(telemetry: &Telemetry) {
    let service = telemetry.metrics_service();
    for _ in 0..2 {
        let response = service.answer(&Request::get("/metrics").body(()).unwrap());
        response.into_body().collect().await.unwrap();
    }
}

/// Whether a family has a writer that is not built here, because its feature is off.
fn left_out(name: &str) -> bool {
    [
        ("novacron_runtime_", cfg!(feature = "runtime")),
        ("novacron_config_", cfg!(feature = "config")),
        ("novacron_grpc_", cfg!(feature = "grpc")),
        ("novacron_health_", cfg!(feature = "health")),
        ("novacron_ready", cfg!(feature = "health")),
        ("novacron_log_", cfg!(feature = "logs")),
        ("novacron_traces_", cfg!(feature = "otlp")),
        ("novacron_telemetry_dropped_", cfg!(feature = "logs")),
        ("novacron_exporter_auth_", cfg!(feature = "tls")),
        ("novacron_exporter_token_", cfg!(feature = "tls")),
        ("novacron_exporter_connections_", cfg!(feature = "tls")),
        ("novacron_exporter_certificate_", cfg!(feature = "tls")),
    ]
    .iter()
    .any(|(prefix, built)| !built && name.starts_with(prefix))
}

#[tokio::test]
async fn what_waits_for_its_writer_is_what_the_list_says() {
    let telemetry = telemetry();
    let untouched = Registry::new();
    Catalog::register(&untouched, Groups::ALL).unwrap();
    #[cfg(feature = "runtime")]
    telemetry.watch_runtime(&tokio::runtime::Handle::current());
    #[cfg(feature = "health")]
    telemetry
        .health()
        .register(novacron_telemetry::health::Check::new("self", || async {
            true
        }))
        .unwrap();
    #[cfg(feature = "config")]
    {
        let file = tempfile::NamedTempFile::new().unwrap();
        telemetry.reload(file.path()).unwrap();
    }
    let open = requests(&telemetry).await;
    #[cfg(feature = "grpc")]
    let open = (open, calls(&telemetry).await);
    faults(&telemetry);
    #[cfg(feature = "tls")]
    let open = (open, port(&telemetry));
    let open = (open, super::collect::one_that_hangs(&telemetry));
    #[cfg(feature = "otlp")]
    assert_ne!(telemetry.flush_traces(Duration::from_secs(10)).exported, 0);
    // Long enough for the probe of the runtime to have been woken once.
    tokio::time::sleep(Duration::from_millis(700)).await;
    scrapes(&telemetry).await;
    let before = untouched.snapshot();
    let after = telemetry.registry().snapshot();
    drop(open);

    let waits = |writer: Writer, name: &str| match writer {
        // Collectors are another crate: its tests hold their families.
        Writer::Verb(_) | Writer::Host | Writer::Collector(_) => false,
        Writer::Layer(_) | Writer::Library => before.series(name) == after.series(name),
        _ => true,
    };
    let waiting: BTreeSet<_> = Catalog::descriptors()
        .filter(|family| waits(family.writer, family.name))
        .map(|family| family.name)
        .filter(|name| !left_out(name))
        .collect();
    println!("{} families wait for their writer:", waiting.len());
    for name in &waiting {
        println!(
            "  {name}  {:?}",
            Catalog::find(name).map(|family| family.writer)
        );
    }

    let committed: BTreeSet<_> = WAITING.lines().collect();
    assert_eq!(waiting, committed, "tests/it/waiting.txt says otherwise");
}
