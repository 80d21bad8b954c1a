//! Named lists of bounds, each with its reason.
//!
//! Bounds are the finite upper ends of buckets; `+Inf` follows by itself. Every threshold that an
//! alert compares a quantile with is a bound here, because a quantile is only sharp on one.
//!
//! ```
//! use novacron_telemetry::metric::{buckets, check};
//!
//! assert!(buckets::HTTP.contains(&0.5), "the latency alert's threshold");
//! assert!(check::bounds(buckets::HTTP));
//! ```

/// API and provisioner requests: the documented list, a superset of the Prometheus defaults, so thresholds of 50 ms, 100 ms, 500 ms, 1 s and 30 s each sit on a bound.
pub const HTTP: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
];

/// Database statements: the documented list up to 1 s, and 2.5, 5 and 10 s so that a quantile above 1 s stays measurable.
pub const DATABASE: &[f64] = &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Migrations: the documented list up to 300 s, and up to two hours because alerts compare with 1 800 s.
pub const MIGRATION: &[f64] = &[
    1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 7_200.0,
];

/// VM operations: both documented lists, and bounds above the alert thresholds of 300 s and 600 s.
pub const VM_OPERATION: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0,
    900.0, 1_200.0, 1_800.0,
];

/// Provisioning jobs: one second to one hour.
pub const JOB: &[f64] = &[
    1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0,
];

/// Stages of provisioning jobs: 100 ms to half an hour.
pub const STAGE: &[f64] = &[
    0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0,
];

/// Provider calls: the documented list, with 1 ms and 2.5 ms at the bottom.
pub const RPC: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
    120.0, 300.0,
];

/// Reconcile loops: the documented list, with 1 ms below and 600 s above the 300 s threshold.
pub const RECONCILE: &[f64] = &[
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
    600.0,
];

/// Discovery of IP addresses: the documented list, and 600 s above the 300 s threshold.
pub const IP_DISCOVERY: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0,
];

/// Model training: one minute to eight hours; 7 200 s is a threshold.
pub const TRAINING: &[f64] = &[
    60.0, 300.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0,
];

/// Inference: 1 ms to 10 s; 1 s and 5 s are thresholds.
pub const INFERENCE: &[f64] = &[
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Workflow stages: ten seconds to two hours; 3 600 s is a threshold.
pub const WORKFLOW: &[f64] = &[
    10.0, 30.0, 60.0, 180.0, 300.0, 600.0, 1_800.0, 3_600.0, 7_200.0,
];

/// Message and body sizes: powers of four from 256 B to 1 GiB.
pub const BYTES: &[f64] = &[
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
    268_435_456.0,
    1_073_741_824.0,
];

/// Image sizes: 1 KiB to 100 GiB, since VM images exceed 1 GiB.
pub const IMAGE: &[f64] = &[
    1_024.0,
    1_048_576.0,
    10_485_760.0,
    104_857_600.0,
    1_073_741_824.0,
    10_737_418_240.0,
    107_374_182_400.0,
];

/// Transfer rates: 1 MiB/s to 10 GB/s.
pub const RATE: &[f64] = &[
    1_048_576.0,
    10_485_760.0,
    52_428_800.0,
    104_857_600.0,
    262_144_000.0,
    524_288_000.0,
    1_048_576_000.0,
    2_621_440_000.0,
    10_485_760_000.0,
];

/// Guest pauses: 10 ms doubling to 10.24 s, then 30 s.
pub const DOWNTIME: &[f64] = &[
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 30.0,
];

/// Rounds of pre-copy: one is a guest that stood still, thirty is where hypervisors give up.
pub const ROUNDS: &[f64] = &[1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 30.0, 50.0];

/// Stream round trips: 0.1 ms doubling to 3.3 s.
pub const STREAM: &[f64] = &[
    0.0001, 0.0002, 0.0004, 0.0008, 0.0016, 0.0032, 0.0064, 0.0128, 0.0256, 0.0512, 0.1024, 0.2048,
    0.4096, 0.8192, 1.6384, 3.2768,
];

/// Federation syncs: 10 ms doubling to 10.24 s, then 30 s; 5 s is a threshold.
pub const SYNC: &[f64] = &[
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.0, 5.12, 10.24, 30.0,
];

/// Scrapes and collector runs: scrape timeouts are 5 s and 10 s.
pub const SCRAPE: &[f64] = &[
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The cost of recording: 1 µs to 10 ms; 1 ms, 2 ms and 5 ms are the documented budgets.
pub const SELF: &[f64] = &[
    1e-06, 2.5e-06, 5e-06, 1e-05, 2.5e-05, 5e-05, 0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005,
    0.01,
];

/// User sessions: one minute doubling to eight hours, then a day.
pub const SESSION: &[f64] = &[
    60.0, 120.0, 240.0, 480.0, 960.0, 1_920.0, 3_840.0, 7_680.0, 15_360.0, 30_720.0, 86_400.0,
];

/// Slow devices: one second to a quarter of an hour.
pub const FIRMWARE: &[f64] = &[1.0, 5.0, 15.0, 30.0, 60.0, 300.0, 900.0];
