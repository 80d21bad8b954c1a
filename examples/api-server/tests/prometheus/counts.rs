//! Ten thousand requests, read back by PromQL.

use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

use sqlx::{Connection as _, Row as _, SqliteConnection};

use crate::{
    exposition::{check, parse},
    programs::{JOB, Prometheus, Server, judge},
    traffic::{EXPORTS, KEPT_VMS, ROUNDS, Step, drive, expected, plan},
};

/// Two scrapes: one before the first request, one after the last body.
struct Between<'a> {
    prometheus: &'a Prometheus,
    before: f64,
    after: f64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_requests_are_read_back_exactly_by_promql() {
    let Some(binary) = judge("prometheus", "exact counts, read back by PromQL") else {
        return;
    };
    assert_eq!(plan().map(|(_, times)| times).sum::<u64>(), 10_000);
    let server = Server::start().await;
    let prometheus = Prometheus::start(&binary, &server).await;
    let before = prometheus.scraped(0.0).await;
    let bytes = drive(&server.web).await;
    let after = prometheus.scraped(now() + ALIGNMENT).await;
    let between = Between {
        prometheus: &prometheus,
        before,
        after,
    };

    between.requests_are_as_sent().await;
    between.nothing_is_in_progress().await;
    between.bodies_have_their_sizes(&bytes).await;
    between.the_first_event_of_a_series_is_an_increase().await;
    between.operations_on_vms_are_as_sent().await;
    between.statements_follow_from_requests().await;
    between.the_table_holds_what_is_shown(&server).await;
    between.prometheus_is_content().await;
    check(&parse(
        server.web.get("/metrics", "text/plain").await.text(),
    ));
}

impl Between<'_> {
    async fn requests_are_as_sent(&self) {
        let by_status = |step: &Step| {
            let (method, endpoint) = step.route();
            Some([endpoint, method, step.status()])
        };
        let counted = "sum by (method, endpoint, status) (novacron_api_requests_total)";
        assert_eq!(self.difference(counted).await, expected(by_status));

        let by_error = |step: &Step| {
            let (method, endpoint) = step.route();
            Some([endpoint, step.error()?, method])
        };
        let counted = "sum by (method, endpoint, error_type) (novacron_api_errors_total)";
        assert_eq!(self.difference(counted).await, expected(by_error));

        let by_route = |step: &Step| {
            let (method, endpoint) = step.route();
            Some([endpoint, method])
        };
        // Every request here gets a head and a whole body, so each is timed and sized once.
        for histogram in [
            "novacron_api_request_duration_seconds",
            "novacron_api_response_complete_seconds",
            "novacron_api_request_body_bytes",
            "novacron_api_response_body_bytes",
        ] {
            for series in ["count", "bucket{le='+Inf'}"] {
                let counted = format!("sum by (method, endpoint) ({histogram}_{series})");
                let counted = self.difference(&counted).await;
                assert_eq!(counted, expected(by_route), "{histogram}_{series}");
            }
        }
        let refused = "sum by (endpoint) (novacron_api_validation_failures_total)";
        let refused = self.difference(refused).await;
        assert_eq!(refused, counts([("/api/v1/vms", ROUNDS)]));
    }

    async fn nothing_is_in_progress(&self) {
        let in_flight = "novacron_api_requests_in_flight";
        assert_eq!(self.number(&format!("max({in_flight})")).await, 0.0);
        let window = self.window();
        let least = format!("min(min_over_time({in_flight}[{window}]))");
        assert_eq!(self.number(&least).await, 0.0, "at some scrape");
        for other_end in ["client_disconnects", "panics", "timeouts", "rate_limited"] {
            let count = format!("sum(novacron_api_{other_end}_total)");
            assert_eq!(self.number(&count).await, 0.0, "{other_end}");
        }
    }

    async fn bodies_have_their_sizes(&self, bytes: &crate::traffic::Bytes) {
        let known = |size: fn(&(u64, u64)) -> u64| {
            let sizes = bytes.iter().map(|((method, endpoint), sizes)| {
                (vec![endpoint.clone(), method.clone()], size(sizes))
            });
            sizes
                .filter(|(_, size)| *size > 0)
                .collect::<BTreeMap<_, _>>()
        };
        let counted = "sum by (method, endpoint) (novacron_api_request_body_bytes_sum)";
        assert_eq!(self.difference(counted).await, known(|sizes| sizes.0));
        let counted = "sum by (method, endpoint) (novacron_api_response_body_bytes_sum)";
        assert_eq!(self.difference(counted).await, known(|sizes| sizes.1));
    }

    async fn the_first_event_of_a_series_is_an_increase(&self) {
        let series = "novacron_api_errors_total{method='DELETE',endpoint='/api/v1/vms/{id}',\
                      error_type='not_found'}";
        let at = |time| self.prometheus.number(series, time);
        assert_eq!(at(self.before).await, 0.0, "there before it happened");
        assert_eq!(at(self.after).await, 1.0);
        let increase = format!("increase({series}[{}])", self.window());
        let increase = self.number(&increase).await;
        assert!(increase > 0.0, "{increase}");
    }

    async fn operations_on_vms_are_as_sent(&self) {
        let counted = "sum by (operation, status) (novacron_vm_operations_total)";
        let sent = [
            ("create success", ROUNDS + KEPT_VMS),
            ("create failure", ROUNDS),
            ("start success", ROUNDS),
            ("start failure", ROUNDS),
            ("restart success", ROUNDS),
            ("stop success", ROUNDS),
            ("stop failure", ROUNDS),
            ("delete success", ROUNDS),
            // While it ran, and the one that was never there.
            ("delete failure", ROUNDS + 1),
        ];
        assert_eq!(self.difference(counted).await, counts(sent));
    }

    async fn statements_follow_from_requests(&self) {
        let counted = "sum by (operation, status) (novacron_database_queries_total)";
        let mut counted = self.difference(counted).await;
        let selects = counted.remove(&["SELECT".to_owned(), "success".to_owned()][..]);
        // Starting is two states, stopping two, restarting three; a refused one is tried in vain.
        let statements = [
            ("INSERT success", 2 * ROUNDS + KEPT_VMS),
            ("UPDATE success", (3 + 3 + 3) * ROUNDS),
            ("DELETE success", 2 * ROUNDS + 1),
        ];
        assert_eq!(counted, counts(statements));

        // Lists (one of them by HEAD), VMs by id, and why three actions and a deletion were
        // refused; one page for each export.
        let asked = ((3 + 3) + 3) * ROUNDS + 1 + EXPORTS;
        let housekeeping =
            "sum by (job_name) (novacron_background_job_runs_total{job_name='housekeeping'})";
        let runs = self.difference(housekeeping).await;
        let runs = runs.values().sum::<u64>();
        let selects = selects.expect("some were made");
        // Each run makes two; one may have been under way at either scrape.
        assert!(
            selects.abs_diff(asked + 2 * runs) <= 2,
            "{selects} statements for {asked} questions and {runs} runs of housekeeping"
        );

        let affected = "sum by (table) (novacron_database_rows_affected_total)";
        let rows = (ROUNDS + KEPT_VMS) + (2 + 2 + 3) * ROUNDS + ROUNDS;
        assert_eq!(self.difference(affected).await, counts([("vms", rows)]));
        let exported = "sum by (job) (fleet_exported_rows_total)";
        let rows = counts([(JOB, EXPORTS * KEPT_VMS)]);
        assert_eq!(self.difference(exported).await, rows);
    }

    async fn the_table_holds_what_is_shown(&self, server: &Server) {
        let url = format!("sqlite://{}", server.database().display());
        let mut database = SqliteConnection::connect(&url).await.expect("the file");
        let sql = "SELECT state, COUNT(*) FROM vms GROUP BY state";
        let rows = sqlx::query(sql).fetch_all(&mut database).await;
        let held: BTreeMap<Vec<String>, u64> = rows
            .expect("rows")
            .iter()
            .map(|row| (vec![row.get(0)], row.get(1)))
            .collect();
        assert_eq!(held, counts([("stopped", KEPT_VMS)]));
        // VMs are counted shortly after a change, so perhaps not yet at the scrape above.
        let counted = self.prometheus.scraped(now() + HOUSEKEEPING).await;
        let shown = "sum by (state) (novacron_vms_total) > 0";
        let shown = self.prometheus.query(shown, counted).await;
        assert_eq!(whole(shown), held);
    }

    async fn prometheus_is_content(&self) {
        let up = format!("min_over_time(up{{job='{JOB}'}}[{}])", self.window());
        assert_eq!(self.number(&up).await, 1.0);
        let resets = format!(
            "sum(resets(novacron_api_requests_total[{}]))",
            self.window()
        );
        assert_eq!(self.number(&resets).await, 0.0);
        // Everything that came is stored: no line was a duplicate of another.
        let came = self.number("scrape_samples_scraped").await;
        let stored = format!("count({{job='{JOB}',__name__!~'up|scrape_.*'}})");
        assert_eq!(self.number(&stored).await, came);
        assert!(came > 1000.0, "{came} samples are few");

        let complaints = self.prometheus.complaints().await;
        assert!(complaints.len() >= 5, "{complaints:?}");
        for (name, count) in complaints {
            assert_eq!(count, 0.0, "{name}");
        }
        assert_eq!(self.prometheus.warnings(), "");
    }

    /// What a counting query grew by; what did not grow is left out.
    async fn difference(&self, query: &str) -> BTreeMap<Vec<String>, u64> {
        let before = whole(self.prometheus.query(query, self.before).await);
        let mut after = whole(self.prometheus.query(query, self.after).await);
        for (labels, count) in before {
            let later = after.get_mut(&labels).expect("a series that stays");
            *later = later.checked_sub(count).expect("a counter that only grows");
        }
        after.retain(|_, grown| *grown > 0);
        after
    }

    async fn number(&self, query: &str) -> f64 {
        self.prometheus.number(query, self.after).await
    }

    /// From before the first scrape to the second.
    fn window(&self) -> String {
        format!("{}s", (self.after - self.before).ceil() + 1.0)
    }
}

/// Values of labels, between spaces, to counts.
fn counts<const N: usize>(entries: [(&str, u64); N]) -> BTreeMap<Vec<String>, u64> {
    let split = |labels: &str| labels.split(' ').map(str::to_owned).collect();
    entries.map(|(labels, count)| (split(labels), count)).into()
}

fn whole(numbers: BTreeMap<Vec<String>, f64>) -> BTreeMap<Vec<String>, u64> {
    let whole = |number: f64| {
        assert_eq!((number.fract(), number < 0.0), (0.0, false), "{number}");
        number as u64
    };
    numbers
        .into_iter()
        .map(|(labels, number)| (labels, whole(number)))
        .collect()
}

/// Unix time in seconds, as PromQL has it.
fn now() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("after 1970").as_secs_f64()
}

/// Prometheus dates a scrape up to 2 ms off its beginning, to keep dates evenly spaced; what is
/// dated this much later did begin later.
const ALIGNMENT: f64 = 0.005;

/// A census follows the last change after 100 ms and a moment.
const HOUSEKEEPING: f64 = 0.5;
