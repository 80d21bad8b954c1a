//! Ten thousand requests, of which everything is known before the first is sent.

use std::collections::BTreeMap;

use axum::http::Method;
use tokio::task::JoinSet;

use crate::programs::Web;

/// One request, and what must come of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    method: &'static str,
    /// `{id}` stands for the VM of the round, `{n}` for its number.
    path: &'static str,
    body: &'static str,
    /// The label `endpoint`.
    endpoint: &'static str,
    status: u16,
    /// The label `error_type`; empty for what is no error.
    error: &'static str,
}

/// What was sent and received, by method and endpoint: bytes of the requests' bodies and of the
/// answers'.
pub(crate) type Bytes = BTreeMap<(String, String), (u64, u64)>;

/// Every step with the number of times it is taken.
pub(crate) fn plan() -> impl Iterator<Item = (Step, u64)> {
    let round = ROUND.into_iter().map(|step| (step, ROUNDS));
    let spoilt = SPOILT.into_iter().map(|step| (step, SPOILS));
    round
        .chain(spoilt)
        .chain([KEPT, EXPORTED, FIRST_OF_ITS_KIND])
}

/// Adds up the plan by some of its labels; steps without a key are left out.
pub(crate) fn expected<const N: usize>(
    key: impl Fn(&Step) -> Option<[&'static str; N]>,
) -> BTreeMap<Vec<String>, u64> {
    let mut sums = BTreeMap::new();
    for (step, times) in plan() {
        if let Some(key) = key(&step) {
            *sums.entry(key.map(str::to_owned).to_vec()).or_default() += times;
        }
    }
    sums
}

/// Sends all of it and reads every answer to its end.
pub(crate) async fn drive(web: &Web) -> Bytes {
    let mut bytes = Bytes::new();
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        let web = web.clone();
        workers.spawn(async move {
            let mut bytes = Bytes::new();
            for n in (worker..ROUNDS).step_by(WORKERS as usize) {
                let mut id = String::new();
                for step in ROUND {
                    if let Some(made) = step.take(&web, &id, n, &mut bytes).await {
                        id = made;
                    }
                }
            }
            bytes
        });
    }
    while let Some(worker) = workers.join_next().await {
        for (route, (sent, received)) in worker.expect("a worker without a complaint") {
            let sum = bytes.entry(route).or_default();
            *sum = (sum.0 + sent, sum.1 + received);
        }
    }
    for (step, times) in [KEPT, EXPORTED, FIRST_OF_ITS_KIND] {
        for n in 0..times {
            step.take(web, NOWHERE, n, &mut bytes).await;
        }
    }
    let faults = web.send(Method::PUT, "/faults", r#"{"error_ratio":1}"#, "*/*");
    assert_eq!(faults.await.status, 200);
    for n in 0..SPOILS {
        for step in SPOILT {
            step.take(web, NOWHERE, n, &mut bytes).await;
        }
    }
    let faults = web.send(Method::DELETE, "/faults", "", "*/*");
    assert_eq!(faults.await.status, 200);
    bytes
}

impl Step {
    /// The labels `method` and `endpoint`.
    pub(crate) fn route(&self) -> (&'static str, &'static str) {
        let known = ["GET", "HEAD", "POST", "PUT", "DELETE"].contains(&self.method);
        (if known { self.method } else { "OTHER" }, self.endpoint)
    }

    /// The label `status`.
    pub(crate) fn status(&self) -> &'static str {
        match self.status {
            200 => "200",
            201 => "201",
            204 => "204",
            400 => "400",
            404 => "404",
            405 => "405",
            409 => "409",
            422 => "422",
            500 => "500",
            other => panic!("{other} is not planned"),
        }
    }

    /// The label `error_type`, if there is to be one.
    pub(crate) fn error(&self) -> Option<&'static str> {
        (!self.error.is_empty()).then_some(self.error)
    }

    /// Takes the step; returns the id of the VM that it made, if it made one.
    async fn take(&self, web: &Web, id: &str, n: u64, bytes: &mut Bytes) -> Option<String> {
        let fill = |text: &str| text.replace("{id}", id).replace("{n}", &n.to_string());
        let (path, body) = (fill(self.path), fill(self.body));
        let method = self.method.parse().expect("a method");
        let answer = web.send(method, &path, &body, "*/*").await;
        assert_eq!(answer.status, self.status, "{self:?}: {}", answer.text());
        let (method, endpoint) = self.route();
        let sums = bytes.entry((method.into(), endpoint.into())).or_default();
        sums.0 += body.len() as u64;
        sums.1 += answer.body.len() as u64;
        let made = answer.headers.get("location")?.to_str().expect("a path");
        Some(made.rsplit('/').next().expect("an id").to_owned())
    }
}

const fn step(
    method: &'static str,
    path: &'static str,
    body: &'static str,
    endpoint: &'static str,
    (status, error): (u16, &'static str),
) -> Step {
    Step {
        method,
        path,
        body,
        endpoint,
        status,
        error,
    }
}

const OK: (u16, &str) = (200, "");
const BAD: (u16, &str) = (400, "bad_request");
const MISSING: (u16, &str) = (404, "not_found");
const NOT_SO: (u16, &str) = (405, "bad_request");
const CONFLICT: (u16, &str) = (409, "conflict");
const FAILED: (u16, &str) = (500, "internal");

const VMS: &str = "/api/v1/vms";
const VM: &str = "/api/v1/vms/{id}";
const START: &str = "/api/v1/vms/{id}/start";
const STOP: &str = "/api/v1/vms/{id}/stop";
const RESTART: &str = "/api/v1/vms/{id}/restart";
const EXPORT: &str = "/api/v1/vms/export";
const UNMATCHED: &str = "UNMATCHED";

const NEW: &str = r#"{"name":"vm-{n}"}"#;

/// The life of one VM, and the mistakes made meanwhile.
const ROUND: [Step; 20] = [
    step("POST", VMS, NEW, VMS, (201, "")),
    step("POST", VMS, NEW, VMS, CONFLICT),
    step("POST", VMS, r#"{"name":7}"#, VMS, BAD),
    step("GET", "/api/v1/vms?limit=3", "", VMS, OK),
    step("GET", "/api/v1/vms?limit=0", "", VMS, (422, "bad_request")),
    step("GET", VM, "", VM, OK),
    step("POST", START, "", START, OK),
    step("POST", START, "", START, CONFLICT),
    step("GET", "/api/v1/vms?state=running&limit=1", "", VMS, OK),
    step("POST", RESTART, "", RESTART, OK),
    step("DELETE", VM, "", VM, CONFLICT),
    step("POST", STOP, "", STOP, OK),
    step("POST", STOP, "", STOP, CONFLICT),
    step("GET", "/api/v1/vms/999999999", "", VM, MISSING),
    step("GET", "/nowhere/{n}", "", UNMATCHED, MISSING),
    step("PUT", VMS, "", VMS, NOT_SO),
    step("BREW", VM, "", VM, NOT_SO),
    step("HEAD", "/api/v1/vms?limit=1", "", VMS, OK),
    step("GET", VM, "", VM, OK),
    step("DELETE", VM, "", VM, (204, "")),
];

/// How many VMs live such a life, and are gone afterwards.
pub(crate) const ROUNDS: u64 = 470;

/// VMs that stay; made when nobody else makes any.
const KEPT: (Step, u64) = (
    step("POST", VMS, r#"{"name":"kept-{n}"}"#, VMS, (201, "")),
    KEPT_VMS,
);
pub(crate) const KEPT_VMS: u64 = 51;

/// Streams of every VM that stayed.
const EXPORTED: (Step, u64) = (step("GET", EXPORT, "", EXPORT, OK), EXPORTS);
pub(crate) const EXPORTS: u64 = 50;

/// The only request of its method, route and kind of error.
const FIRST_OF_ITS_KIND: (Step, u64) = (step("DELETE", VM, "", VM, MISSING), 1);

/// What is asked while every answer of a handler is replaced by a failure.
const SPOILT: [Step; 3] = [
    step("GET", VMS, "", VMS, FAILED),
    step("POST", RESTART, "", RESTART, FAILED),
    step("GET", EXPORT, "", EXPORT, FAILED),
];
const SPOILS: u64 = 166;

/// The id of no VM.
const NOWHERE: &str = "999999999";

/// How many clients there are at once.
const WORKERS: u64 = 4;
