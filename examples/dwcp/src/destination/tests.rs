//! A session without a wire: what it applies, and what it notices.

use std::sync::Arc;

use novacron_telemetry::catalog::dwcp::DwcpMode;

use super::session::Session;
use crate::{
    encode::{Encoder, Sent},
    memory::Memory,
    report::Log,
    wire::{Batch, Checksums, Offer, Proposal, Start},
};

const PAGES: usize = 96;

struct Sides {
    source: Memory,
    encoder: Encoder,
    session: Session,
    sequence: u64,
    _folder: tempfile::TempDir,
}

impl Sides {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let offer = Offer {
            migration: 1,
            source: "node-1".to_owned(),
            pages: PAGES as u64,
            mode: "hybrid".to_owned(),
            streams: 1,
        };
        let log = Log::File(folder.path().join("reports"));
        let sent = Arc::new(Sent::nothing(PAGES));
        Self {
            source: Memory::used(PAGES, 11),
            encoder: Encoder::new(DwcpMode::Hybrid, sent).unwrap(),
            session: Session::begin(&offer, "node-2", log).unwrap(),
            sequence: 0,
            _folder: folder,
        }
    }

    fn batch(&mut self, pages: &[usize]) -> Batch {
        self.sequence += 1;
        Batch {
            sequence: self.sequence,
            mode: "hybrid".to_owned(),
            pages: self.encoder.encode(&self.source, pages).unwrap().0,
        }
    }

    fn table(&self) -> Checksums {
        let sums = (0..PAGES).map(|page| self.source.kept_sum(page).unwrap());
        Checksums {
            migration: 1,
            first_page: 0,
            sums: sums.collect(),
        }
    }
}

fn all() -> Vec<usize> {
    (0..PAGES).collect()
}

fn start() -> Start {
    Start {
        migration: 1,
        seed: 5,
        dirty_rate: 64 << 20,
    }
}

#[tokio::test]
async fn a_batch_that_comes_twice_is_applied_once() {
    let mut sides = Sides::new();
    let first = sides.batch(&all());
    sides.session.apply(0, &first).unwrap();
    for page in 0..PAGES {
        sides.source.write(page, |content| content[7] ^= 0xff);
    }
    // Deltas: applied twice they would undo themselves.
    let changes = sides.batch(&all());
    for batch in [&changes, &changes, &first, &changes] {
        sides.session.apply(0, batch).unwrap();
    }
    sides.session.activate(&start()).await.unwrap();
    let verdict = sides.session.compare(sides.table()).await.unwrap();
    assert_eq!((verdict.compared, verdict.different), (PAGES as u64, 0));
}

#[tokio::test]
async fn what_differs_is_found_and_what_the_guest_changed_since_does_not_count() {
    let mut sides = Sides::new();
    let batch = sides.batch(&all());
    sides.session.apply(0, &batch).unwrap();
    sides.session.activate(&start()).await.unwrap();
    // By now the guest over there has written.
    while sides.session.steps().unwrap() < 20 {
        tokio::task::yield_now().await;
    }
    let mut table = sides.table();
    let verdict = sides.session.compare(table.clone()).await.unwrap();
    assert_eq!(verdict.different, 0);
    table.sums[17] ^= 1;
    table.sums[40] ^= 1;
    let verdict = sides.session.compare(table.clone()).await.unwrap();
    assert_eq!((verdict.compared, verdict.different), (PAGES as u64, 2));
    // Pages that do not exist match nothing.
    table.first_page = PAGES as u64;
    let verdict = sides.session.compare(table).await.unwrap();
    assert_eq!(verdict.different, PAGES as u64);
}

#[test]
fn nobody_takes_a_guest_of_which_pages_are_missing() {
    let mut sides = Sides::new();
    let proposal = Proposal {
        migration: 1,
        rounds: 1,
        pages: PAGES as u64,
    };
    let batch = sides.batch(&all()[1..]);
    sides.session.apply(0, &batch).unwrap();
    let objection = sides.session.consider(&proposal);
    assert_eq!(objection.as_deref(), Some("95 of 96 pages are here"));
    let batch = sides.batch(&[0]);
    sides.session.apply(0, &batch).unwrap();
    assert_eq!(sides.session.consider(&proposal), None);
}
