//! `/proc/net/softnet_stat`: how each core keeps up with what its interfaces receive.
//!
//! Numbers are hexadecimal and 32 bits wide, so they wrap; they are shown per core, as they are,
//! since a sum of wrapping numbers would fall by 2³² and look like a reset of everything. The
//! number of columns grew with the kernels: 9, 10, 11, 13, 15. Lines of offline cores are missing,
//! and only the thirteenth column says which core a line is of.

use crate::text;

/// What one core did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softnet {
    /// Which core.
    pub cpu: u64,
    /// Packets it took from its interfaces.
    pub processed: u64,
    /// Packets dropped since its queue was full.
    pub dropped: u64,
    /// Times it stopped with packets left, its budget or time being used up.
    pub squeezed: u64,
}

/// The cores, in the order of the file.
#[must_use]
pub fn parse(text: &str) -> Vec<Softnet> {
    let line = |(at, line): (usize, &str)| {
        let columns: Vec<u64> = line
            .split_ascii_whitespace()
            .map(text::hex)
            .collect::<Option<_>>()?;
        let [processed, dropped, squeezed, ..] = columns[..] else {
            return None;
        };
        let cpu = columns.get(12).copied().unwrap_or(at as u64);
        (columns.len() >= 9).then_some(Softnet {
            cpu,
            processed,
            dropped,
            squeezed,
        })
    };
    text::lines(text).enumerate().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(columns: usize, cpu: u64) -> String {
        let mut row: Vec<String> = (1..=columns).map(|n| format!("{n:08x}")).collect();
        if let Some(column) = row.get_mut(12) {
            *column = format!("{cpu:08x}");
        }
        row.join(" ") + "\n"
    }

    #[test]
    fn the_thirteenth_column_says_which_core() {
        for columns in [13, 15] {
            let cores = parse(&(row(columns, 0) + &row(columns, 0x10)));
            let cpus: Vec<_> = cores.iter().map(|core| core.cpu).collect();
            assert_eq!(cpus, [0, 16]);
            assert_eq!((cores[0].processed, cores[0].squeezed), (1, 3));
        }
    }

    #[test]
    fn without_it_lines_are_counted() {
        let cores = parse(&(row(11, 0) + &row(9, 0)));
        assert_eq!(
            cores.iter().map(|core| core.cpu).collect::<Vec<_>>(),
            [0, 1]
        );
    }

    #[test]
    fn a_cut_or_strange_line_is_none() {
        let text = row(13, 0);
        for end in 0..text.len() {
            assert_eq!(parse(&text[..end]), [], "{end}");
        }
        assert_eq!(parse(&row(8, 0)), []);
        assert_eq!(parse(&text.replace("00000002", "0000000z")), []);
    }
}
