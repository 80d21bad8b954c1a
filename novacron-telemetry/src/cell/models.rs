//! Every interleaving of leases, recordings and readings, by loom.
//!
//! The thread-local half of a lease is not modelled: loom's threads share their thread-locals. What
//! is modelled is what threads share: the free list, the cells, the sums. Searched are all schedules
//! in which threads interrupt each other up to three times.

use loom::model::Builder;
use loom::thread;

use super::slab::Pen;
use super::*;

fn model(f: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(f);
}

#[test]
fn loom_a_returned_lease_keeps_its_numbers_and_readings_never_fall() {
    model(|| {
        let cells = Cells::with_cap(1);
        let id = cells.allocate(1).unwrap();
        let count = |cells: Arc<Cells>| {
            move || match cells.lease() {
                Some(slab) => {
                    Pen::own(slab).add(id, 1);
                    cells.give_back(slab);
                }
                // Past the cap: the shared slab.
                None => Pen::shared(cells.shared()).add(id, 1),
            }
        };
        let first = thread::spawn(count(Arc::clone(&cells)));
        let second = thread::spawn(count(Arc::clone(&cells)));
        let early = cells.view().sum(id);
        let late = cells.view().sum(id);
        assert!(early <= late && late <= 2);
        first.join().unwrap();
        second.join().unwrap();
        assert_eq!(cells.view().sum(id), 2);
    });
}

#[test]
fn loom_what_ended_is_never_more_than_what_began() {
    model(|| {
        let cells = Cells::with_cap(2);
        let first = cells.allocate(2).unwrap();
        let (begun, ended) = (first, first + 1);
        let theirs = Arc::clone(&cells);
        // Work begins on one thread and ends on another, as a future that moves does.
        let worker = thread::spawn(move || {
            let slab = theirs.lease().unwrap();
            Pen::own(slab).add(begun, 1);
            let on = Arc::clone(&theirs);
            thread::spawn(move || Pen::own(on.lease().unwrap()).add(ended, 1))
                .join()
                .unwrap();
        });
        let view = cells.view();
        let (ended, begun) = (view.sum(ended), view.sum(begun));
        assert!(begun >= ended, "{begun} began, {ended} ended");
        worker.join().unwrap();
    });
}
