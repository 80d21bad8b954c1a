use std::sync::Arc;

use super::*;

fn add(cells: &Cells, id: CellId, n: u64) {
    write(cells.number(), |pen| pen.add(id, n));
}

#[test]
fn threads_that_come_and_go_lose_nothing_and_reuse_slabs() {
    let cells = Cells::with_cap(4);
    let id = cells.allocate(1).unwrap();
    for _ in 0..50 {
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..1000).for_each(|_| add(&cells, id, 1)));
            }
        });
    }
    assert_eq!(cells.view().sum(id), 50 * 8 * 1000);
    assert!(cells.state.lock().slabs.len() <= 4);
}

#[test]
fn two_registries_in_turn_on_one_thread_stay_apart() {
    let (a, b) = (Cells::new(), Cells::new());
    let (in_a, in_b) = (a.allocate(1).unwrap(), b.allocate(1).unwrap());
    for _ in 0..10 {
        add(&a, in_a, 1);
        add(&b, in_b, 2);
    }
    assert_eq!((a.view().sum(in_a), b.view().sum(in_b)), (10, 20));
}

#[test]
fn a_handle_that_outlives_its_registry_records_into_nothing() {
    let gone = Cells::new();
    let (number, id) = (gone.number(), gone.allocate(1).unwrap());
    write(number, |pen| pen.add(id, 5));
    drop(gone);
    write(number, |pen| pen.add(id, 7));
    let next = Cells::new();
    add(&next, id, 1);
    write(number, |pen| pen.add(id, 9));
    assert_eq!(next.view().sum(id), 1);
}

#[test]
fn a_recording_from_another_destructor_is_kept() {
    struct Late(Arc<Cells>, CellId);
    impl Drop for Late {
        fn drop(&mut self) {
            add(&self.0, self.1, 1);
        }
    }
    thread_local!(static LATE: std::cell::RefCell<Option<Late>> = const { std::cell::RefCell::new(None) });
    let cells = Cells::new();
    let id = cells.allocate(1).unwrap();
    let theirs = Arc::clone(&cells);
    std::thread::spawn(move || {
        // Touched before the lease, so it is destroyed after it.
        LATE.with(|late| *late.borrow_mut() = Some(Late(Arc::clone(&theirs), id)));
        add(&theirs, id, 1);
    })
    .join()
    .unwrap();
    assert_eq!(cells.view().sum(id), 2);
}

#[test]
fn blocks_do_not_cross_chunks_and_the_last_one_is_refused() {
    let cells = Cells::new();
    cells.allocate(slab::CHUNK as u32 - 3).unwrap();
    assert_eq!(cells.allocate(4).unwrap() as usize, slab::CHUNK);
    let mut last = None;
    while let Some(id) = cells.allocate(slab::CHUNK as u32) {
        last = Some(id);
    }
    assert_eq!(last.unwrap() as usize, slab::CAPACITY - slab::CHUNK);
}

#[test]
fn a_window_is_forgotten_after_two_turns() {
    let cells = Cells::new();
    let id = cells.allocate(2).unwrap();
    let observe = |n: f64| write(cells.number(), |pen| pen.raise_windowed(id, n));
    observe(2.0);
    observe(1.0);
    assert_eq!(cells.view().greatest_windowed(id), Some(2.0));
    cells.rotate();
    observe(0.5);
    assert_eq!(
        cells.view().greatest_windowed(id),
        Some(2.0),
        "the last window still shows"
    );
    cells.rotate();
    assert_eq!(cells.view().greatest_windowed(id), Some(0.5));
    cells.rotate();
    cells.rotate();
    assert_eq!(cells.view().greatest_windowed(id), None);
}
