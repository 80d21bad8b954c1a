//! The table: what tonic does on the wire, and what both layers make of it.

use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tonic::client::Grpc;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::{Code, Status};

use super::script::{BOTH, DOWN, Raw, Scripts, UNARY, UP};
use super::world::{Client, Side, World, declared};

/// A row: a call, and what is counted of it.
struct Case {
    name: &'static str,
    path: &'static str,
    /// `MESSAGES SIZE END`, see [`super::script`].
    script: &'static str,
    /// Sizes of the messages that the client sends.
    sends: &'static [usize],
    how: How,
    /// Code, messages and bytes in, messages and bytes out, and which histogram has the time.
    server: (&'static str, (u64, u64), (u64, u64), Time),
    /// The code that the client's layer counts.
    client: &'static str,
    /// What tonic's client says, where that is another code.
    tonic: Option<Code>,
}

/// What the client does.
#[derive(Clone, Copy, PartialEq)]
enum How {
    /// It waits for the end.
    Waits,
    /// It leaves when the server got all messages, and before there is an answer.
    LeavesBefore,
    /// It leaves after so many messages of the answer.
    LeavesAfter(usize),
    /// It gives the call so many milliseconds.
    Deadline(u64),
    /// The same, but tonic lets go of the deadline when the head is there, so it leaves itself.
    DeadlineInStream(u64),
    /// The server gives each call 200 milliseconds, and its layer was told.
    ServerTimeout,
    /// The same, and nobody told the layer.
    SecretTimeout,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Time {
    Unary,
    Stream,
    None,
}

use How::*;
use Time::{None as Untimed, Stream, Unary};

const MIB: usize = 1 << 20;

#[rustfmt::skip]
const TABLE: &[Case] = &[
    // Every kind, as it should be.
    row("unary", UNARY, "1 10 ok", &[3], Waits, ("OK", (1, 3), (1, 10), Unary), "OK"),
    row("client stream", UP, "1 10 ok", &[3, 4, 5], Waits, ("OK", (3, 12), (1, 10), Stream), "OK"),
    row("server stream", DOWN, "5 10 ok", &[3], Waits, ("OK", (1, 3), (5, 50), Stream), "OK"),
    row("stream both ways", BOTH, "0 0 ok", &[3, 4, 5], Waits, ("OK", (3, 12), (3, 12), Stream), "OK"),
    // Streams that carry little are streams.
    row("client stream of nothing", UP, "1 10 ok", &[], Waits, ("OK", (0, 0), (1, 10), Stream), "OK"),
    row("server stream of nothing", DOWN, "0 0 ok", &[3], Waits, ("OK", (1, 3), (0, 0), Stream), "OK"),
    row("nothing both ways", BOTH, "0 0 ok", &[], Waits, ("OK", (0, 0), (0, 0), Stream), "OK"),
    // An error after the messages: in trailers, or alone in the head where there was no message.
    row("unary, failed", UNARY, "1 10 fail", &[3], Waits, ("NOT_FOUND", (1, 3), (0, 0), Unary), "NOT_FOUND"),
    row("client stream, failed", UP, "1 10 fail", &[3, 4], Waits, ("NOT_FOUND", (2, 7), (0, 0), Stream), "NOT_FOUND"),
    row("server stream, failed", DOWN, "2 10 fail", &[3], Waits, ("NOT_FOUND", (1, 3), (2, 20), Stream), "NOT_FOUND"),
    row("stream both ways, failed", BOTH, "0 0 fail", &[3, 4], Waits, ("NOT_FOUND", (2, 7), (2, 7), Stream), "NOT_FOUND"),
    // An error at once: a head that is the whole answer. Nobody reads the client's stream.
    row("unary, refused", UNARY, "1 10 refuse", &[3], Waits, ("PERMISSION_DENIED", (1, 3), (0, 0), Unary), "PERMISSION_DENIED"),
    row("client stream, refused", UP, "1 10 refuse", &[3, 4], Waits, ("PERMISSION_DENIED", (0, 0), (0, 0), Stream), "PERMISSION_DENIED"),
    row("server stream, refused", DOWN, "2 10 refuse", &[3], Waits, ("PERMISSION_DENIED", (1, 3), (0, 0), Stream), "PERMISSION_DENIED"),
    row("stream both ways, refused", BOTH, "0 0 refuse", &[3, 4], Waits, ("PERMISSION_DENIED", (0, 0), (0, 0), Stream), "PERMISSION_DENIED"),
    row("declared and not implemented", UNARY, "1 10 unimplemented", &[3], Waits, ("UNIMPLEMENTED", (1, 3), (0, 0), Unary), "UNIMPLEMENTED"),
    // Sizes.
    row("empty messages", UNARY, "1 0 ok", &[0], Waits, ("OK", (1, 0), (1, 0), Unary), "OK"),
    row("empty messages both ways", BOTH, "0 0 ok", &[0, 0, 7, 0], Waits, ("OK", (4, 7), (4, 7), Stream), "OK"),
    row("a big message", UNARY, "1 3000000 ok", &[3 * MIB], Waits, ("OK", (1, 3 << 20), (1, 3_000_000), Unary), "OK"),
    row("a big stream", DOWN, "50 100000 ok", &[1], Waits, ("OK", (1, 1), (50, 5_000_000), Stream), "OK"),
    // The client leaves before there is an answer. How long nobody answered is no latency.
    row("unary, left", UNARY, "1 10 hang", &[3], LeavesBefore, ("CANCELLED", (1, 3), (0, 0), Untimed), "CANCELLED"),
    row("client stream, left", UP, "1 10 ok", &[3, 4], LeavesBefore, ("CANCELLED", (2, 7), (0, 0), Stream), "CANCELLED"),
    row("server stream, left before a message", DOWN, "0 0 hang", &[3], LeavesAfter(0), ("CANCELLED", (1, 3), (0, 0), Stream), "CANCELLED"),
    row("stream both ways, left before a message", BOTH, "0 0 hang", &[], LeavesAfter(0), ("CANCELLED", (0, 0), (0, 0), Stream), "CANCELLED"),
    // And in the middle.
    row("server stream, left", DOWN, "4 10 hang", &[3], LeavesAfter(4), ("CANCELLED", (1, 3), (4, 40), Stream), "CANCELLED"),
    row("stream both ways, left", BOTH, "0 0 hang", &[3, 4], LeavesAfter(2), ("CANCELLED", (2, 7), (2, 7), Stream), "CANCELLED"),
    // Time runs out. tonic's client calls that CANCELLED itself.
    Case { tonic: Some(Code::Cancelled), ..row("unary, deadline", UNARY, "1 10 hang", &[3], Deadline(400), ("DEADLINE_EXCEEDED", (1, 3), (0, 0), Untimed), "DEADLINE_EXCEEDED") },
    Case { tonic: Some(Code::Cancelled), ..row("client stream, deadline", UP, "1 10 hang", &[3, 4], Deadline(400), ("DEADLINE_EXCEEDED", (2, 7), (0, 0), Stream), "DEADLINE_EXCEEDED") },
    row("server stream, deadline", DOWN, "2 10 hang", &[3], DeadlineInStream(400), ("DEADLINE_EXCEEDED", (1, 3), (2, 20), Stream), "DEADLINE_EXCEEDED"),
    row("stream both ways, deadline", BOTH, "0 0 hang", &[3], DeadlineInStream(400), ("DEADLINE_EXCEEDED", (1, 3), (1, 3), Stream), "DEADLINE_EXCEEDED"),
    row("in time", UNARY, "1 10 ok", &[3], Deadline(60_000), ("OK", (1, 3), (1, 10), Unary), "OK"),
    // The server's own limit, which tonic puts outside of layers and answers as CANCELLED.
    row("the server's limit", UNARY, "1 10 hang", &[3], ServerTimeout, ("DEADLINE_EXCEEDED", (1, 3), (0, 0), Untimed), "CANCELLED"),
    row("a limit that nobody told of", UNARY, "1 10 hang", &[3], SecretTimeout, ("CANCELLED", (1, 3), (0, 0), Untimed), "CANCELLED"),
    // A handler panics: hyper resets the stream, and tonic's client calls that what it likes.
    Case { tonic: Some(Code::Cancelled), ..row("unary, panicked", UNARY, "1 10 panic", &[3], Waits, ("INTERNAL", (1, 3), (0, 0), Untimed), "UNAVAILABLE") },
    Case { tonic: Some(Code::Cancelled), ..row("client stream, panicked", UP, "1 10 panic", &[3, 4], Waits, ("INTERNAL", (2, 7), (0, 0), Stream), "UNAVAILABLE") },
    Case { tonic: Some(Code::Cancelled), ..row("server stream, panicked", DOWN, "2 10 panic", &[3], Waits, ("INTERNAL", (1, 3), (2, 20), Stream), "UNAVAILABLE") },
    Case { tonic: Some(Code::Cancelled), ..row("stream both ways, panicked", BOTH, "0 0 panic", &[3, 4], Waits, ("INTERNAL", (2, 7), (2, 7), Stream), "UNAVAILABLE") },
];

const fn row(
    name: &'static str,
    path: &'static str,
    script: &'static str,
    sends: &'static [usize],
    how: How,
    server: (&'static str, (u64, u64), (u64, u64), Time),
    client: &'static str,
) -> Case {
    Case {
        name,
        path,
        script,
        sends,
        how,
        server,
        client,
        tonic: None,
    }
}

impl Case {
    async fn world(&self) -> World {
        let limit = Duration::from_millis(200);
        let mut builder = Server::builder();
        if matches!(self.how, ServerTimeout | SecretTimeout) {
            builder = builder.timeout(limit);
        }
        let scripts = Scripts { compresses: false };
        let told = self.how == ServerTimeout;
        World::new(builder, Routes::new(scripts), |side| {
            let layer = declared(side);
            if told { layer.timeout(limit) } else { layer }
        })
        .await
    }

    /// The whole call, as the client makes it. Each message of an answer is noted in `got`.
    async fn call(&self, client: Client, got: &mut Vec<usize>) -> Result<(), Status> {
        let mut grpc = Grpc::new(client).max_decoding_message_size(64 * MIB);
        grpc.ready().await.unwrap();
        let sends = self.sends.iter().map(|size| vec![1; *size]);
        let messages = stream::iter(sends.collect::<Vec<_>>());
        // Who means to leave before the end does not end its request first, but when it leaves:
        // hyper's client resets no stream whose request goes on.
        let (_here, gone) = tokio::sync::oneshot::channel::<()>();
        let until_gone = stream::once(gone).filter_map(async |_| None);
        let goes_on = match self.how {
            LeavesBefore | LeavesAfter(_) | DeadlineInStream(_) => matches!(self.path, UP | BOTH),
            _ => false,
        };
        let messages = if goes_on {
            messages.chain(until_gone).boxed()
        } else {
            messages.boxed()
        };
        let mut request = tonic::Request::new(messages);
        let script = self.script.parse().unwrap();
        request.metadata_mut().insert("script", script);
        if let Deadline(limit) | DeadlineInStream(limit) = self.how {
            request.set_timeout(Duration::from_millis(limit));
        }
        let path = http::uri::PathAndQuery::from_static(self.path);
        if matches!(self.path, UNARY | UP) {
            let answer = grpc.client_streaming(request, path, Raw).await?;
            got.push(answer.into_inner().len());
            return Ok(());
        }
        let mut answer = grpc.streaming(request, path, Raw).await?.into_inner();
        loop {
            if self.how == LeavesAfter(got.len()) {
                return Ok(());
            }
            match answer.message().await? {
                Some(message) => got.push(message.len()),
                None => return Ok(()),
            }
        }
    }

    /// Plays the client's part; what tonic says, if the client waited for it.
    async fn play(&self, client: Client, server: &Side, got: &mut Vec<usize>) -> Option<Code> {
        let (messages, _) = self.server.1;
        let arrived = server.until("arrived", |server| {
            server.grpc("requests_in_flight") == 1
                && server.grpc("received_messages_total") == messages
        });
        match self.how {
            LeavesBefore => {
                tokio::select! {
                    end = self.call(client, got) => panic!("{}: ended with {end:?}", self.name),
                    () = arrived => {}
                }
                None
            }
            LeavesAfter(_) => {
                self.call(client, got).await.unwrap();
                None
            }
            DeadlineInStream(limit) => {
                let limit = Duration::from_millis(limit);
                let call = self.call(client, got);
                let end = tokio::time::timeout(limit, call).await;
                assert!(end.is_err(), "{}: ended with {end:?}", self.name);
                None
            }
            Waits | Deadline(_) | ServerTimeout | SecretTimeout => {
                let end = self.call(client, got).await;
                Some(end.err().map_or(Code::Ok, |status| status.code()))
            }
        }
    }

    async fn hold(&self) {
        let name = self.name;
        let world = self.world().await;
        let mut got = Vec::new();
        let client = world.client().await;
        let told = self.play(client, &world.server, &mut got).await;
        world.server.at_rest(1).await;

        let (code, received, sent, time) = self.server;
        let (service, method) = self.path[1..].split_once('/').unwrap();
        let by_method = [("service", service), ("method", method)];
        let by_code = [by_method[0], by_method[1], ("code", code)];
        let seen = world.server.snapshot();
        let seen = |family: &str, labels: &[_]| {
            let value = seen.value(&format!("novacron_grpc_{family}"), labels);
            value.unwrap_or_default() as u64
        };
        let counted = world.server.counted();
        assert_eq!(seen("requests_total", &by_code), 1, "{name}:\n{counted}");
        let traffic = |way: &str| {
            let messages = seen(&format!("{way}_messages_total"), &by_method);
            (messages, seen(&format!("{way}_bytes_total"), &by_method))
        };
        assert_eq!(traffic("received"), received, "{name}: received");
        assert_eq!(traffic("sent"), sent, "{name}: sent");
        let times = (
            seen("request_duration_seconds", &by_method),
            seen("stream_duration_seconds", &by_method),
        );
        let expected = match time {
            Unary => (1, 0),
            Stream => (0, 1),
            Untimed => (0, 0),
        };
        assert_eq!(times, expected, "{name}: times");

        // What the client itself got is what the server says it sent.
        let got = (got.len() as u64, got.iter().sum::<usize>() as u64);
        if code != "INTERNAL" {
            assert_eq!(got, sent, "{name}: arrived");
        }
        let by_code = [
            ("provider_type", "mock"),
            ("method", method),
            ("code", self.client),
        ];
        let calls = world.client.snapshot();
        let rpc = |family: &str, labels: &[_]| {
            calls.sum(&format!("novacron_provider_rpc_{family}"), labels) as u64
        };
        let counted = world.client.counted();
        assert_eq!(rpc("requests_total", &by_code), 1, "{name}:\n{counted}");
        assert_eq!(rpc("requests_total", &[]), 1, "{name}: counted twice");
        assert_eq!(rpc("latency_seconds", &by_code[..2]), 1, "{name}: latency");
        if let Some(told) = told {
            let named = format!("{told:?}").to_uppercase();
            let expected = self.tonic.map_or_else(
                || self.client.replace('_', ""),
                |code| format!("{code:?}").to_uppercase(),
            );
            assert_eq!(named, expected, "{name}: what tonic says");
        }
    }
}

#[tokio::test]
async fn every_row_of_the_table_holds() {
    assert!(TABLE.len() >= 20, "{}", TABLE.len());
    for case in TABLE {
        println!("{}", case.name);
        case.hold().await;
    }
}
