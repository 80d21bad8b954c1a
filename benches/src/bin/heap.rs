//! Counts allocations, and prints them for the program that times.

use benches::heap::{self, Heap};

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    heap::print(count, &arguments, &mut std::io::stdout().lock())
}

fn count(work: &mut dyn FnMut()) -> Heap {
    let info = allocation_counter::measure(work);
    Heap {
        allocations: info.count_total,
        peak_bytes: info.bytes_max,
        left_bytes: info.bytes_current,
    }
}
