//! The work every contender does: the same requests, in the same order.

use http::{Method, StatusCode};

/// Upper bounds of every histogram, in seconds.
pub const BOUNDS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

const METHODS: [Method; 4] = [Method::GET, Method::POST, Method::PUT, Method::DELETE];
const STATUSES: [u16; 6] = [200, 201, 204, 400, 404, 500];
const ENDPOINTS: usize = 16;
const REQUESTS: usize = 1024;

/// What a middleware knows when a request has ended: its types are those of `http`, and the route
/// template is borrowed from the router.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The route template; owned here, borrowed by who records.
    pub endpoint: String,
    /// The status of the answer.
    pub status: StatusCode,
    /// How long it took, in seconds; no clock is read while recording.
    pub seconds: f64,
}

/// A fixed list of requests.
#[derive(Clone, Debug)]
pub struct Work {
    requests: Vec<Request>,
}

impl Work {
    /// 1024 requests over 4 methods × 16 endpoints × 6 statuses, with durations spread evenly over
    /// the orders of magnitude from 1 ms to 20 s.
    #[must_use]
    pub fn mixed() -> Self {
        let endpoints: Vec<String> = (0..ENDPOINTS)
            .map(|n| format!("/api/v1/resource{n:02}/{{id}}"))
            .collect();
        let mut random = Random::new();
        let requests = (0..REQUESTS)
            .map(|_| Request {
                method: METHODS[random.below(METHODS.len())].clone(),
                endpoint: endpoints[random.below(ENDPOINTS)].clone(),
                status: StatusCode::from_u16(STATUSES[random.below(STATUSES.len())])
                    .unwrap_or(StatusCode::OK),
                seconds: 0.001 * 20_000f64.powf(random.unit()),
            })
            .collect();
        Self { requests }
    }

    /// The same request over and over: one series, its duration still varies.
    #[must_use]
    pub fn hot() -> Self {
        let mut work = Self::mixed();
        let first = work.requests[0].clone();
        for request in &mut work.requests {
            request.method = first.method.clone();
            request.endpoint.clone_from(&first.endpoint);
            request.status = first.status;
        }
        work
    }

    /// The requests whose endpoint has an even (0) or an odd (1) number: two threads that take one
    /// half each never meet on a series.
    #[must_use]
    pub fn half(&self, which: usize) -> Self {
        let digit = self.requests[0].endpoint.len() - "/{id}".len() - 1;
        let mine =
            |request: &&Request| usize::from(request.endpoint.as_bytes()[digit]) % 2 == which;
        let chosen: Vec<&Request> = self.requests.iter().filter(mine).collect();
        Self {
            requests: (0..REQUESTS)
                .map(|n| chosen[n % chosen.len()].clone())
                .collect(),
        }
    }

    /// The request number `n`, counted round and round.
    #[inline]
    #[must_use]
    pub fn request(&self, n: u64) -> &Request {
        // The list's length is a power of two, and the mask makes the bound plain to the compiler.
        &self.requests[n as usize & (REQUESTS - 1)]
    }

    /// All requests once.
    #[must_use]
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }
}

/// The label values of series number `n` of a page: 4 methods × 5 statuses × as many endpoints as
/// it takes.
#[must_use]
pub fn page_labels(n: usize) -> (&'static str, String, &'static str) {
    let method = ["GET", "POST", "PUT", "DELETE"][n % 4];
    let status = ["200", "201", "400", "404", "500"][n / 4 % 5];
    (
        method,
        format!("/api/v1/resource/{:05}/items", n / 20),
        status,
    )
}

/// The texts of the standard methods, as every middleware has them at hand.
#[must_use]
pub fn method_text(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "OTHER",
    }
}

/// A generator that gives every contender, on every machine, the same numbers.
struct Random(u64);

impl Random {
    fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() >> 11) as usize % end
    }

    /// From 0 up to, not including, 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_halves_share_no_endpoint() {
        let work = Work::mixed();
        let endpoints = |which| -> HashSet<String> {
            work.half(which)
                .requests()
                .iter()
                .map(|r| r.endpoint.clone())
                .collect()
        };
        assert_eq!(endpoints(0).len() + endpoints(1).len(), ENDPOINTS);
        assert!(endpoints(0).is_disjoint(&endpoints(1)));
    }

    #[test]
    fn durations_reach_every_bucket() {
        let work = Work::mixed();
        let reached: HashSet<usize> = work
            .requests()
            .iter()
            .map(|r| BOUNDS.partition_point(|bound| *bound < r.seconds))
            .collect();
        assert_eq!(reached.len(), BOUNDS.len() + 1);
    }

    #[test]
    fn a_page_names_no_series_twice() {
        let names: HashSet<_> = (0..10_000).map(page_labels).collect();
        assert_eq!(names.len(), 10_000);
    }
}
