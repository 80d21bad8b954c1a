//! Two hundred planted secrets, none in any line; and ordinary lines that are left as they are.

use novacron_telemetry::logs::LogFormat;
use novacron_telemetry::redact::{Secret, redact};

use crate::support::{Random, log, memory};

/// A text with a secret in it, and the secret.
type Plant = fn(&mut Random) -> (String, String);

fn letters(random: &mut Random, count: usize, from: &str) -> String {
    let from: Vec<char> = from.chars().collect();
    (0..count).map(|_| from[random.below(from.len())]).collect()
}

const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const MIXED: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A secret that would be found in a line: long, and like nothing else.
fn any(random: &mut Random) -> String {
    format!("Zq{}9", letters(random, 30, MIXED))
}

fn wrapped(random: &mut Random, before: &str, after: &str) -> (String, String) {
    let secret = any(random);
    (format!("{before}{secret}{after}"), secret)
}

fn tail(random: &mut Random, mark: &str, count: usize) -> (String, String) {
    let secret = letters(random, count, MIXED);
    // A digit, as every real one of some dozens of characters has.
    (format!("using {mark}{secret}7 now"), secret)
}

const PLANTS: [Plant; 40] = [
    |r| wrapped(r, "connect postgres://admin:", "@db.local:5432/vms failed"),
    |r| wrapped(r, "amqp://user:", "@mq"),
    |r| wrapped(r, "https://", "@github.com/o/r.git"),
    |r| wrapped(r, "redis://:p@ss", "@cache/0"),
    |r| wrapped(r, "root:", "@tcp(127.0.0.1:3306)/db?parseTime=true"),
    |r| wrapped(r, "login with password=", " was refused"),
    |r| wrapped(r, "password = ", ""),
    |r| wrapped(r, "DB_PASSWORD=", ";PORT=1"),
    |r| wrapped(r, "passwd: '", " two words' done"),
    |r| wrapped(r, "{\"user\":\"a\",\"password\":\"", "\",\"port\":1}"),
    |r| wrapped(r, "{\\\"client_secret\\\": \\\"", "\\\"}"),
    |r| wrapped(r, "GET /x?token=", "&page=2"),
    |r| wrapped(r, "https://s3/b?X-Amz-Signature=", "&x=1"),
    |r| wrapped(r, "blob?sv=1&sig=", "%3D"),
    |r| wrapped(r, "api_key: ", ""),
    |r| wrapped(r, "X-Api-Key: ", "\r\nAccept: */*"),
    |r| wrapped(r, "apiKey=", ","),
    |r| wrapped(r, "Authorization: Bearer ", ""),
    |r| wrapped(r, "authorization: Basic ", "=="),
    |r| wrapped(r, "Authorization: Digest username=\"a\", response=\"", "\""),
    |r| wrapped(r, "Proxy-Authorization: Negotiate ", ""),
    |r| wrapped(r, "sent Bearer ", " to upstream"),
    |r| wrapped(r, "header was basic ", "="),
    |r| wrapped(r, "Cookie: theme=dark; session=", "; lang=de"),
    |r| wrapped(r, "Set-Cookie: sid=", "; Path=/; HttpOnly"),
    |r| {
        wrapped(
            r,
            "Config { host: \"a\", password: Some(\"",
            "\"), port: 1 }",
        )
    },
    |r| wrapped(r, "Login { secret: \"with \\\" quote ", "\", id: 1 }"),
    |r| wrapped(r, "tokens: secrets=[\"a\", \"", "\"]"),
    |r| wrapped(r, "exec virsh --password ", " --verbose"),
    |r| wrapped(r, "argv [\"mysql\", \"--password\", \"", "\"]"),
    |r| wrapped(r, "aws_secret_access_key=", "\n"),
    |r| wrapped(r, "private-key: ", ""),
    |r| {
        let secret = letters(r, 16, UPPER);
        (format!("key AKIA{secret} in use"), secret)
    },
    |r| tail(r, "ghp_", 36),
    |r| tail(r, "glpat-", 20),
    |r| tail(r, "xoxb-123456-", 24),
    |r| tail(r, "sk_live_", 24),
    |r| {
        let (head, body, sign) = (any(r), any(r), any(r));
        (format!("jwt eyJ{head}.eyJ{body}.{sign} expired"), sign)
    },
    |r| {
        let secret = letters(r, 64, MIXED);
        let text = format!(
            "loaded -----BEGIN RSA PRIVATE KEY-----\n{secret}\n-----END RSA PRIVATE KEY----- ok"
        );
        (text, secret)
    },
    |r| {
        let secret = letters(r, 53, MIXED);
        (format!("user row: $2b$12${secret}"), secret)
    },
];

#[test]
fn none_of_two_hundred_secrets_is_in_any_line() {
    let mut random = Random::new(7);
    let mut planted = Vec::new();
    for round in 0..5 {
        for plant in PLANTS {
            planted.push((round, plant(&mut random)));
        }
    }
    assert_eq!(planted.len(), 200);
    for format in LogFormat::ALL {
        let (logs, memory) = memory(|builder| builder.format(format));
        log(&logs, || {
            for (place, (text, _)) in &planted {
                let error = std::io::Error::other(text.clone());
                match place {
                    0 => tracing::info!("{text}"),
                    1 => tracing::info!(text, "field"),
                    2 => tracing::info!(
                        ?text,
                        err = &error as &(dyn std::error::Error + 'static),
                        "quoted"
                    ),
                    3 => {
                        let span =
                            tracing::info_span!("s", at = %text, late = tracing::field::Empty);
                        span.record("late", text);
                        span.in_scope(|| tracing::warn!("in a span"));
                    }
                    _ => {
                        tracing::info!(nested = ?Some(vec![text]), stage = %text, model_name = %text, component = %text, "x");
                    }
                }
            }
        });
        let lines = memory.text();
        let leaked: Vec<_> = planted
            .iter()
            .filter(|(_, (_, secret))| lines.contains(secret.as_str()))
            .collect();
        assert!(leaked.is_empty(), "{format:?}: {leaked:?}");
        assert!(lines.matches("[redacted]").count() >= 200);
    }
}

#[test]
fn values_under_secret_keys_are_not_even_asked_for() {
    struct Refuses;
    impl std::fmt::Debug for Refuses {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("nobody may ask")
        }
    }
    for format in LogFormat::ALL {
        let (logs, memory) = memory(|builder| builder.format(format));
        log(&logs, || {
            let span = tracing::info_span!("s", user_token = "canary1", Authorization = "canary2");
            let _entered = span.enter();
            tracing::info!(
                db_password = "canary3",
                API_KEY = "canary4",
                session_cookie = ?Refuses,
                pin_secret = 94_301,
                max_tokens = 4096,
                marked = %Secret::new("canary5"),
                nested = ?Some(Secret::new("canary6")),
                "done"
            );
        });
        let text = memory.text();
        assert!(
            !text.contains("canary") && !text.contains("94301"),
            "{text}"
        );
        assert!(text.contains("4096"), "a count is no secret: {text}");
        assert!(text.matches("[redacted]").count() >= 8, "{text}");
    }
}

#[test]
fn redacting_twice_changes_nothing_more() {
    let mut random = Random::new(11);
    for plant in PLANTS {
        let (text, secret) = plant(&mut random);
        let once = redact(&text).into_owned();
        assert!(
            once.contains("[redacted]") && !once.contains(&secret),
            "{once}"
        );
        assert_eq!(redact(&once), once);
        // And inside quotes inside quotes.
        let quoted = format!("{:?}", format!("{text:?}"));
        let clean = redact(&quoted);
        assert!(!clean.contains(&secret), "{quoted} became {clean}");
    }
}

#[test]
fn hostile_texts_are_redacted_without_a_panic() {
    let mut random = Random::new(13);
    const PARTS: [&str; 24] = [
        "password",
        "token",
        "=",
        ":",
        " ",
        "\"",
        "'",
        "\\",
        "é",
        "[",
        "]",
        "Some(",
        "//",
        "@",
        "-----BEGIN ",
        "PRIVATE KEY-----",
        "--secret",
        "$2b$",
        "eyJ",
        "Bearer ",
        "Digest ",
        "cookie",
        "\u{1f511}",
        "a1B2c3D4e5",
    ];
    for _ in 0..200_000 {
        let text: String = (0..random.below(12)).map(|_| random.pick(&PARTS)).collect();
        let once = redact(&text).into_owned();
        let _ = redact(&once);
    }
}

#[test]
fn ordinary_lines_are_left_as_they_are() {
    const LINES: [&str; 40] = [
        "server listening on 0.0.0.0:9640",
        "GET /api/v1/vms/7 200 in 12.5 ms",
        "VM vm-1234 started on node-2 after 3.1s",
        "migration 7b1c precopy round 3: 1024 MiB copied, 12 MiB dirty",
        "connection from 10.0.0.7:51234 closed: broken pipe",
        "basic authentication is off",
        "bearer authentication required",
        "the token expired an hour ago",
        "authorization failed for user u-17",
        "tokenizer loaded 50000 entries",
        "reading /var/lib/novacron/images/debian-12.qcow2",
        "retry 3 of 5 in 250ms",
        "std::io::Error: No such file or directory (os error 2)",
        "epoch=3 accuracy=0.84 loss=0.12",
        "disk-usage: 81% of /dev/sda1",
        "https://prometheus.io/docs/practices/naming/",
        "https://grafana.local/d/nova-overview?var-node=a&from=now-1h",
        "SELECT id, name FROM vms WHERE node = $1 LIMIT 50",
        "sk-learn pipeline finished",
        "skipping task-runner-with-a-long-hyphenated-name",
        "user@example.com opened ticket 42",
        "mailto:ops@example.com",
        "ssh key fingerprint SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
        "-----BEGIN CERTIFICATE-----",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7",
        "job 550e8400-e29b-41d4-a716-446655440000 accepted",
        "2026-01-27T10:30:45.123Z clock stepped by -0.3 s",
        "eyJ is how a header begins",
        "cache: hit=120 miss=3 ratio=0.97",
        "Config { port: 8080, workers: 4, tls: false }",
        "peer=[::1]:4317 state=connected",
        "passed 120 tests, 3 warnings",
        "keyboard layout de, monkey patch off",
        "cpu 12.5 %, memory 4.2 GiB, load 0.7",
        "pool exhausted: 20 of 20 connections in use, 7 waiting",
        "deprecated endpoint /api/v0/vms called by dashboard",
        "leader elected: node-3 (term 12)",
        "secretary service is up",
        "price is $100 to $200",
    ];
    let mut random = Random::new(17);
    let mut changed = Vec::new();
    for at in 0..10_000 {
        let line = format!("{} {}", LINES[at % LINES.len()], random.next());
        if redact(&line) != line {
            changed.push(line);
        }
    }
    assert!(
        changed.len() < 10,
        "more than 1 in 1 000: {:?}",
        &changed[..10]
    );
}
