//! Who is let in.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use http::{Request, StatusCode};
use novacron_telemetry::ErrorKind;
use novacron_telemetry::expose::{BearerAuth, Refused, Token};
use proptest::prelude::*;
use tower::{Layer, ServiceExt};

use super::support::{
    PATIENCE, anywhere, bearer, get, listen, sample, say, scrape, status, telemetry, until,
};

const TOKEN: &str = "correct-horse-battery-staple";

fn token(text: &str) -> Token {
    Token::new(text).unwrap()
}

fn headers(values: &[&[u8]]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
    }
    headers
}

#[test]
fn a_right_token_passes_in_every_spelling_and_nothing_else_does() {
    let auth = BearerAuth::new(token(TOKEN));
    for good in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        for space in [" ", "   "] {
            let value = format!("{good}{space}{TOKEN}");
            assert_eq!(auth.check(&headers(&[value.as_bytes()])), Ok(()), "{value}");
        }
    }
    let longer = format!("Bearer {TOKEN}x");
    let twice = format!("Bearer {TOKEN} {TOKEN}");
    let tab = format!("Bearer\t{TOKEN}");
    let basic = format!("Basic {TOKEN}");
    let naked = TOKEN.to_owned();
    for bad in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer correct-horse",
        &longer,
        &twice,
        &tab,
        &basic,
        &naked,
        "Bearer CORRECT-HORSE-BATTERY-STAPLE",
        "Bearer, x",
    ] {
        assert_eq!(
            auth.check(&headers(&[bad.as_bytes()])),
            Err(Refused::Invalid),
            "{bad:?}"
        );
    }
    assert_eq!(
        auth.check(&headers(&[b"Bearer \xff\xfe"])),
        Err(Refused::Invalid)
    );
    assert_eq!(auth.check(&headers(&[])), Err(Refused::Missing));
    let good = format!("Bearer {TOKEN}").into_bytes();
    for two in [
        [&good[..], &good[..]],
        [&good[..], b"Bearer x"],
        [b"Basic x", &good[..]],
    ] {
        assert_eq!(auth.check(&headers(&two)), Err(Refused::Ambiguous));
    }
    let both = BearerAuth::new(token(TOKEN)).and(token("another-token"));
    assert_eq!(both.check(&headers(&[&good])), Ok(()));
    assert_eq!(both.check(&headers(&[b"Bearer another-token"])), Ok(()));
}

proptest! {
    /// Nothing but the token is the token, however it is put.
    #[test]
    fn no_header_but_the_right_one_passes(value in proptest::collection::vec(any::<u8>(), 0..80), prefix: bool) {
        let auth = BearerAuth::new(token(TOKEN));
        let mut bytes = if prefix { b"Bearer ".to_vec() } else { Vec::new() };
        bytes.extend(value);
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
            prop_assert_eq!(auth.check(&headers), Err(Refused::Invalid));
        }
    }

    /// What is not one word of ASCII is no token, and what is one is found again.
    #[test]
    fn a_token_is_one_word(text in "\\PC{0,40}") {
        let good = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        match Token::new(text.clone()) {
            Ok(token) => {
                prop_assert!(good);
                let value = format!("bearer {text}");
                prop_assert_eq!(BearerAuth::new(token).check(&headers(&[value.as_bytes()])), Ok(()));
            }
            Err(error) => {
                prop_assert!(!good);
                prop_assert!(text.len() < 4 || !error.to_string().contains(&text));
            }
        }
    }
}

#[test]
fn the_port_answers_those_who_have_the_token_and_counts_the_others() {
    let (telemetry, listener) = listen(anywhere().auth(BearerAuth::new(token(TOKEN))));
    let at = listener.local_addr();
    let refused = get(at, "/metrics", "");
    assert_eq!(status(&refused), 401);
    assert!(
        refused.contains("\r\nwww-authenticate: Bearer\r\n"),
        "{refused}"
    );
    assert!(!refused.contains("novacron_"), "{refused}");
    assert_eq!(status(&get(at, "/metrics", &bearer("x"))), 401);
    let two = format!("{}{}", bearer(TOKEN), bearer(TOKEN));
    assert_eq!(status(&get(at, "/metrics", &two)), 400);
    assert_eq!(status(&get(at, "/metrics", &bearer(TOKEN))), 200);
    assert_eq!(status(&get(at, "/nothing", "")), 404);
    let count = |reason: &str| {
        let series = format!("novacron_exporter_auth_failures_total{{reason=\"{reason}\"}}");
        sample(&telemetry, &series)
    };
    assert_eq!(count("missing"), Some(1.0));
    assert_eq!(count("invalid"), Some(2.0));
    assert_eq!(count("expired"), Some(0.0));
    assert_eq!(
        sample(&telemetry, "novacron_exporter_scrapes_total{code=\"401\"}"),
        Some(2.0)
    );
}

#[test]
fn probes_are_answered_to_everybody_and_details_to_those_who_have_the_token() {
    let (telemetry, listener) = listen(anywhere().auth(BearerAuth::new(token(TOKEN))));
    let database = telemetry.health().component("database").unwrap();
    database.set(novacron_telemetry::health::Verdict::Healthy);
    let at = listener.local_addr();
    let open = get(at, "/health", "");
    assert_eq!(status(&open), 200);
    assert!(open.ends_with("{ \"status\": \"healthy\" }\n"), "{open}");
    assert!(get(at, "/health", &bearer(TOKEN)).contains("database"));
    assert_eq!(status(&get(at, "/health", &bearer("wrong"))), 401);
    database.set(novacron_telemetry::health::Verdict::unhealthy(
        "canary-of-details",
    ));
    let open = get(at, "/readyz", "");
    assert_eq!(status(&open), 503);
    assert!(!open.contains("database"), "{open}");
    assert!(
        sample(
            &telemetry,
            "novacron_exporter_auth_failures_total{reason=\"missing\"}"
        ) == Some(0.0)
    );

    let protected = anywhere()
        .auth(BearerAuth::new(token(TOKEN)))
        .protect_health(true);
    let (_telemetry, listener) = listen(protected);
    for path in ["/health", "/livez", "/readyz", "/metrics"] {
        assert_eq!(status(&get(listener.local_addr(), path, "")), 401, "{path}");
        assert_ne!(
            status(&get(listener.local_addr(), path, &bearer(TOKEN))),
            401,
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_same_token_stands_in_front_of_a_hosts_own_routes() {
    let telemetry = telemetry();
    let auth = BearerAuth::new(token(TOKEN));
    telemetry.watch_auth(&auth);
    let ask = |header: Option<&str>| {
        let mut request = Request::get("/metrics");
        if let Some(header) = header {
            request = request.header(AUTHORIZATION, header);
        }
        auth.layer()
            .layer(telemetry.metrics_service())
            .oneshot(request.body(()).unwrap())
    };
    let refused = ask(None).await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(refused.headers()["www-authenticate"], "Bearer");
    assert!(http_body::Body::is_end_stream(refused.body()));
    assert_eq!(
        ask(Some("Bearer x")).await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
    let good = format!("bearer {TOKEN}");
    assert_eq!(ask(Some(&good)).await.unwrap().status(), StatusCode::OK);
    let health = auth.layer().layer(telemetry.health().service());
    let answer = health
        .oneshot(Request::get("/livez").body(()).unwrap())
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(
        sample(
            &telemetry,
            "novacron_exporter_auth_failures_total{reason=\"missing\"}"
        ),
        Some(2.0)
    );
}

#[test]
fn without_a_token_in_its_file_nothing_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let write = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    for (path, what) in [
        (folder.path().join("missing"), "write the token there"),
        (folder.path().to_owned(), "not a plain file"),
        (pipe, "not a plain file"),
        ("/dev/zero".into(), "not a plain file"),
        (write("empty", b""), "it is empty"),
        (write("blank", b"\r\n \n"), "it is empty"),
        (write("bom", b"\xef\xbb\xbf"), "it is empty"),
        (write("huge", &vec![b'x'; 10 << 20]), "larger than"),
        (write("long", &[b'x'; 4100]), "longer than 4096 bytes"),
        (write("two", b"one\ntwo\n"), "one word"),
        (write("binary", &[0, 159, 146, 150]), "one word"),
        (write("utf16", b"\xff\xfea\0b\0"), "one word"),
    ] {
        let error = BearerAuth::from_file(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        let said = error.to_string();
        assert!(
            said.starts_with(&format!("token file {}: ", path.display())),
            "{said}"
        );
        assert!(said.contains(what) && !said.contains('\n'), "{said}");
    }
    for good in [
        &b"canary"[..],
        b"canary\n",
        b"canary\r\n",
        b"\xef\xbb\xbfcanary\r\n\n",
        b"  canary \n",
    ] {
        let auth = BearerAuth::from_file(write("good", good)).unwrap();
        assert_eq!(
            auth.check(&headers(&[b"Bearer canary"])),
            Ok(()),
            "{good:?}"
        );
    }
    assert!(
        BearerAuth::from_env("NOVACRON_NO_SUCH_VARIABLE")
            .unwrap_err()
            .to_string()
            .contains("NOVACRON_NO_SUCH_VARIABLE")
    );
}

#[test]
fn a_bad_edit_leaves_the_last_good_token_and_a_good_one_is_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    token("first-token").save(&path).unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let (telemetry, listener) = listen(
        anywhere().auth(
            BearerAuth::from_file(&path)
                .unwrap()
                .grace(Duration::from_secs(3600)),
        ),
    );
    let at = listener.local_addr();
    let works = |token: &str| status(&get(at, "/metrics", &bearer(token))) == 200;
    assert!(works("first-token"));
    let rotated = || {
        sample(
            &telemetry,
            "novacron_exporter_token_last_rotation_timestamp_seconds",
        )
    };
    let first = rotated().expect("the file says when it was written");

    for bad in [&b""[..], b"two words", &[b'x'; 100_000]] {
        fs::write(&path, bad).unwrap();
        assert_eq!(
            listener.reload().unwrap_err().kind(),
            ErrorKind::InvalidConfig
        );
        assert!(works("first-token"));
    }
    fs::remove_file(&path).unwrap();
    assert!(listener.reload().is_err());
    assert!(works("first-token") && !works("") && !works("not-a-token"));
    assert!(rotated() == Some(first));
    let failures = sample(
        &telemetry,
        "novacron_config_reloads_total{result=\"failure\"}",
    );
    assert!(failures >= Some(1.0), "{failures:?}");

    // Nobody says so; whoever wrote it uses it at once.
    token("second-token").save(&path).unwrap();
    assert!(works("second-token"), "as soon as it is there");
    assert!(works("first-token"), "for the grace period");
    assert!(rotated() >= Some(first));

    // In place, as an editor may do it, and found without being used.
    std::thread::sleep(Duration::from_millis(20));
    fs::write(&path, "third-token\r\n").unwrap();
    let series = "novacron_exporter_token_last_rotation_timestamp_seconds";
    let second = sample(&telemetry, series);
    until("the file is looked at", || {
        sample(&telemetry, series) > second
    });
    assert!(works("third-token"));
}

#[test]
fn the_old_token_ends_with_its_grace_period() {
    let auth = BearerAuth::new(token("old-token")).grace(Duration::from_millis(300));
    let (telemetry, listener) = listen(anywhere().auth(auth.clone()));
    let at = listener.local_addr();
    auth.rotate(token("new-token"));
    let begun = Instant::now();
    assert_eq!(status(&get(at, "/metrics", &bearer("new-token"))), 200);
    until("the old token is refused", || {
        let late = begun.elapsed();
        let answered = status(&get(at, "/metrics", &bearer("old-token")));
        assert!(
            answered == 200 || late >= Duration::from_millis(200),
            "{answered} after {late:?}"
        );
        answered == 401
    });
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert_eq!(status(&get(at, "/metrics", &bearer("new-token"))), 200);
    let expired = sample(
        &telemetry,
        "novacron_exporter_auth_failures_total{reason=\"expired\"}",
    );
    assert_eq!(expired, Some(1.0));
}

#[test]
fn rotated_a_hundred_times_while_everybody_scrapes_nobody_is_wronged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    token("token-0").save(&path).unwrap();
    let auth = BearerAuth::from_file(&path)
        .unwrap()
        .grace(Duration::from_secs(600));
    let done = AtomicBool::new(false);
    let (honest, strangers) = std::thread::scope(|scope| {
        let honest = scope.spawn(|| {
            let mut count = 0_u64;
            let mut overtaken = 0_u64;
            let mut accepted = HashSet::new();
            while !done.load(Ordering::Relaxed) {
                // As Prometheus does: the file is read for each scrape.
                let now = fs::read_to_string(&path).unwrap();
                let value = format!("Bearer {}", now.trim());
                if auth.check(&headers(&[value.as_bytes()])) == Ok(()) {
                    accepted.insert(value);
                    count += 1;
                    continue;
                }
                // Replaced after it was read and before anybody ever used it, it was never seen.
                assert!(!accepted.contains(&value), "{value} was good before");
                assert_ne!(
                    fs::read_to_string(&path).unwrap(),
                    now,
                    "{value} is in the file"
                );
                overtaken += 1;
            }
            (count, overtaken)
        });
        let strangers = scope.spawn(|| {
            let mut count = 0_u64;
            while !done.load(Ordering::Relaxed) {
                let value = format!("Bearer token-{}", 1000 + count % 1000);
                assert_eq!(
                    auth.check(&headers(&[value.as_bytes()])),
                    Err(Refused::Invalid)
                );
                count += 1;
            }
            count
        });
        for n in 1..=100 {
            token(&format!("token-{n}")).save(&path).unwrap();
            std::thread::sleep(Duration::from_millis(10));
        }
        done.store(true, Ordering::Relaxed);
        (honest.join().unwrap(), strangers.join().unwrap())
    });
    let (honest, overtaken) = honest;
    println!(
        "100 rotations: {honest} honest requests, 0 refused; {overtaken} with a token that was \
         replaced before its first use; {strangers} strangers, 0 let in"
    );
    assert!(overtaken <= 10, "{overtaken}");
    assert!(honest > 1000 && strangers > 1000);
    assert_eq!(auth.check(&headers(&[b"Bearer token-100"])), Ok(()));
}

#[test]
fn who_guesses_all_the_time_waits_and_a_right_token_does_not() {
    let (_telemetry, listener) = listen(anywhere().auth(BearerAuth::new(token(TOKEN))));
    let at = listener.local_addr();
    for _ in 0..10 {
        assert_eq!(status(&get(at, "/metrics", &bearer("guess"))), 401);
    }
    let begun = Instant::now();
    let answer = say(
        at,
        format!(
            "GET /metrics HTTP/1.1\r\nhost: x\r\n{}\r\n",
            bearer("guess")
        )
        .as_bytes(),
    );
    assert_eq!(status(&answer), 429);
    assert!(
        answer.contains("\r\nretry-after: 1\r\n") && answer.contains("\r\nconnection: close\r\n"),
        "{answer}"
    );
    assert!(
        begun.elapsed() >= Duration::from_millis(100),
        "{:?}",
        begun.elapsed()
    );
    assert!(scrape(at, &bearer(TOKEN), PATIENCE).is_ok());
}
