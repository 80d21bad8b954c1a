//! From a label set to the cells of its series: by arithmetic if every label is closed, through a
//! table otherwise.

use std::any::TypeId;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::front::Front;
use super::grown::Grown;
use super::table::{Found, Fragments, Rows, Table};
use crate::cell::{CellId, Cells};
use crate::label::{LabelDescriptor, LabelKey, LabelSet, Part, fragment};
use crate::metric::{Descriptor, Room};
use crate::sync::{AtomicU32, AtomicU64, Mutex, Ordering};

/// The most label sets that are shown as 0 before anything happened.
const ZERO_START: usize = 64;

/// The most cells that a table without look-ups may take.
const DENSE_CELLS: usize = 4096;

/// The table number of families whose labels are all closed: the same label set has the same place
/// in each of them.
const DENSE: u32 = 0;

#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a box would cost every look-up a load, and there is one index per family"
)]
pub(crate) enum Index {
    /// Every label is closed: a series is its label set's place.
    Dense(Dense),
    /// A label is open: a series is found in a table.
    Sparse(Sparse),
}

#[derive(Debug)]
pub(crate) struct Dense {
    columns: Box<[DenseColumn]>,
    len: u32,
    width: u32,
    base: Option<CellId>,
    /// Whether every series is shown from the start.
    zero_start: bool,
    /// One bit per series that was asked for by name.
    touched: Box<[AtomicU64]>,
}

#[derive(Debug)]
struct DenseColumn {
    fragments: &'static [Box<str>],
    optional: bool,
    /// How many places one step of this label is.
    stride: usize,
}

#[derive(Debug)]
pub(crate) struct Sparse {
    table: Arc<Table>,
    front: Front,
    width: u32,
    /// The first cell of each block of series, plus one; 0 until it is allocated.
    blocks: Grown<AtomicU32>,
    allocating: Mutex<()>,
}

/// Series whose cells lie side by side.
const BLOCK: u32 = if cfg!(novacron_loom) { 1 } else { 64 };

/// The most series that are read at once.
pub(super) const RUN: u32 = BLOCK;

/// Series that are read at once, because their cells lie side by side.
pub(super) struct Run<'a> {
    pub(super) series: Range<u32>,
    /// The first cell of the first series; `None` if nobody wrote to any of them.
    pub(super) cell: Option<CellId>,
    /// Cells per series.
    pub(super) width: u32,
    columns: Columns<'a>,
}

enum Columns<'a> {
    Dense(&'a Dense),
    Sparse(&'a Table, Rows<'a>),
}

impl<'a> Run<'a> {
    /// Puts the labels of series number `at` of the run into `fragments`.
    #[inline]
    pub(super) fn labels(&self, at: usize, fragments: &mut Fragments<'a>) {
        match &self.columns {
            Columns::Dense(dense) => dense.labels(self.series.start + at as u32, fragments),
            Columns::Sparse(table, rows) => table.labels(rows, at, fragments),
        }
    }
}

impl Index {
    pub(crate) fn new<L: LabelSet>(
        descriptor: &'static Descriptor,
        width: u32,
        zero_start: bool,
        room: &Room<'_>,
    ) -> Self {
        match L::CARDINALITY {
            Some(sets) if sets.saturating_mul(width as usize) <= DENSE_CELLS => {
                Self::dense(L::LABELS, sets, width, zero_start, room)
            }
            _ => Self::Sparse(Sparse {
                table: if descriptor.joined {
                    room.joined.table::<L>(room.limits.series)
                } else {
                    Arc::new(Table::new(L::LABELS, room.limits.series))
                },
                front: Front::new(),
                width,
                blocks: Grown::new(),
                allocating: Mutex::new(()),
            }),
        }
    }

    /// The index of an instrument without labels: one series.
    pub(crate) fn single(width: u32, zero_start: bool, room: &Room<'_>) -> Self {
        Self::dense(&[], 1, width, zero_start, room)
    }

    fn dense(
        labels: &'static [LabelDescriptor],
        sets: usize,
        width: u32,
        zero_start: bool,
        room: &Room<'_>,
    ) -> Self {
        let mut stride = sets;
        Self::Dense(Dense {
            columns: labels
                .iter()
                .map(|label| {
                    stride /= label.cardinality().unwrap_or(1).max(1);
                    DenseColumn {
                        fragments: fragment::closed(label),
                        optional: label.optional,
                        stride,
                    }
                })
                .collect(),
            len: sets as u32,
            width,
            base: room.cells.allocate(sets as u32 * width),
            zero_start: zero_start && sets <= ZERO_START,
            touched: (0..sets.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
        })
    }

    /// Series and first cell of a label set that has both: one look-up and nothing else.
    #[inline]
    pub(crate) fn known<L: LabelSet, K: LabelKey<L>>(&self, key: &K) -> Option<(u32, CellId)> {
        match self {
            Self::Dense(dense) => {
                let series = key.index() as u32;
                Some((series, dense.cell(series)?))
            }
            Self::Sparse(sparse) => {
                let parts = key.parts();
                let parts = parts.as_ref();
                let hash = sparse.table.hash(parts);
                match sparse.front.find(hash, parts) {
                    Some(known) => Some(known),
                    None => sparse.known_behind(hash, parts),
                }
            }
        }
    }

    /// The series of a label set, and the number of the table it is in.
    #[inline]
    pub(crate) fn series<L: LabelSet, K: LabelKey<L>>(&self, key: &K) -> (Found, u32) {
        let known = |series| Found {
            series,
            overflow: false,
            new: false,
        };
        match self {
            Self::Dense(_) => (known(key.index() as u32), DENSE),
            Self::Sparse(sparse) => {
                let parts = key.parts();
                let parts = parts.as_ref();
                let table = &sparse.table;
                let hash = table.hash(parts);
                let found = match sparse.front.find(hash, parts) {
                    Some((series, _)) => known(series),
                    None => sparse.series_behind(hash, parts),
                };
                (found, table.number)
            }
        }
    }

    /// The number of the table that its series are in.
    #[cfg(feature = "grpc")]
    pub(crate) fn table(&self) -> u32 {
        match self {
            Self::Dense(_) => DENSE,
            Self::Sparse(sparse) => sparse.table.number,
        }
    }

    /// The first cell of a series; `None` if it is not of this index, or there is no room left.
    #[inline]
    pub(crate) fn cell(&self, series: u32, table: u32, cells: &Cells) -> Option<CellId> {
        match self {
            Self::Dense(dense) if table == DENSE && series < dense.len => dense.cell(series),
            Self::Sparse(sparse) if table == sparse.table.number => sparse.cell(series, cells),
            _ => None,
        }
    }

    /// The text of an open label of a series.
    pub(crate) fn text(&self, series: u32, table: u32, label: usize) -> Option<&str> {
        match self {
            Self::Sparse(sparse) if table == sparse.table.number => {
                sparse.table.text(series, label)
            }
            _ => None,
        }
    }

    /// How many series there are to read.
    pub(crate) fn len(&self) -> u32 {
        match self {
            Self::Dense(dense) => dense.len,
            Self::Sparse(sparse) => sparse.table.len(),
        }
    }

    /// The first cell of a series, to read: `None` if nobody wrote to it.
    pub(crate) fn written(&self, series: u32) -> Option<CellId> {
        match self {
            Self::Dense(dense) => dense.cell(series),
            Self::Sparse(sparse) => sparse.allocated(series),
        }
    }

    /// Series from `from` on, below `len`, whose cells lie side by side.
    pub(super) fn run(&self, from: u32, len: u32) -> Run<'_> {
        // Not past the end of a block: the blocks of a table lie anywhere.
        let end = (from - from % RUN + RUN).min(len);
        let (cell, width, columns) = match self {
            Self::Dense(dense) => (dense.cell(from), dense.width, Columns::Dense(dense)),
            Self::Sparse(sparse) => (
                sparse.allocated(from),
                sparse.width,
                Columns::Sparse(&sparse.table, sparse.table.rows(from, end - from)),
            ),
        };
        Run {
            series: from..end,
            cell,
            width,
            columns,
        }
    }

    /// Whether a series is shown though it is 0.
    pub(crate) fn shows_zero(&self, series: u32) -> bool {
        match self {
            Self::Dense(dense) => {
                dense.zero_start
                    || dense.touched[series as usize / 64].load(Ordering::Relaxed)
                        & (1 << (series % 64))
                        != 0
            }
            Self::Sparse(_) => true,
        }
    }

    /// Shows a series from now on, though it be 0; says whether it was not shown before.
    pub(crate) fn show(&self, series: u32) -> bool {
        let Self::Dense(dense) = self else {
            return false;
        };
        let bit = 1 << (series % 64);
        match dense.touched.get(series as usize / 64) {
            Some(word) if !dense.zero_start && word.load(Ordering::Relaxed) & bit == 0 => {
                word.fetch_or(bit, Ordering::Relaxed) & bit == 0
            }
            _ => false,
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Self::Dense(dense) => size_of_val(&*dense.columns) + size_of_val(&*dense.touched),
            Self::Sparse(sparse) => {
                sparse.table.heap_bytes() + sparse.blocks.heap_bytes() + sparse.front.heap_bytes()
            }
        }
    }
}

impl Dense {
    #[inline]
    fn cell(&self, series: u32) -> Option<CellId> {
        self.base.map(|base| base + series * self.width)
    }

    fn labels<'a>(&'a self, series: u32, fragments: &mut Fragments<'a>) {
        let mut rest = series as usize;
        for (at, column) in self.columns.iter().enumerate() {
            let place = rest / column.stride;
            rest %= column.stride;
            fragments.set(at, place as u32, || match (place, column.optional) {
                (0, true) => "",
                (place, optional) => &column.fragments[place - usize::from(optional)],
            });
        }
    }
}

impl Sparse {
    #[inline]
    fn cell(&self, series: u32, cells: &Cells) -> Option<CellId> {
        match self.allocated(series) {
            Some(cell) => Some(cell),
            None => self.allocate(series, cells),
        }
    }

    /// As [`known_behind`](Self::known_behind); a label set without a series is given one.
    #[inline(never)]
    fn series_behind(&self, hash: u64, key: &[Part<'_>]) -> Found {
        let found = self.known_behind(hash, key).map(|(series, _)| series);
        match found.or_else(|| self.table.find_hashed(hash, key)) {
            Some(series) => Found {
                series,
                overflow: false,
                new: false,
            },
            None => self.table.find_or_insert(key).unwrap_or(Found {
                series: super::NO_SERIES,
                overflow: true,
                new: false,
            }),
        }
    }

    /// A label set that has no place in front, found in the table; it is given one if there is one.
    #[inline(never)]
    fn known_behind(&self, hash: u64, key: &[Part<'_>]) -> Option<(u32, CellId)> {
        let series = self.table.find_hashed(hash, key)?;
        let cell = self.allocated(series)?;
        self.front.keep(hash, key, series, cell);
        Some((series, cell))
    }

    #[inline]
    fn allocated(&self, series: u32) -> Option<CellId> {
        let first = self.blocks.get(series / BLOCK)?.load(Ordering::Acquire);
        (first != 0).then(|| first - 1 + (series % BLOCK) * self.width)
    }

    #[cold]
    #[inline(never)]
    fn allocate(&self, series: u32, cells: &Cells) -> Option<CellId> {
        if series == super::NO_SERIES {
            return None;
        }
        let block = self
            .blocks
            .get_or_make(series / BLOCK, || AtomicU32::new(0));
        let _allocating = self.allocating.lock();
        if block.load(Ordering::Acquire) == 0 {
            block.store(cells.allocate(BLOCK * self.width)? + 1, Ordering::Release);
        }
        self.allocated(series)
    }
}

/// The tables that families of one group share, by label set.
#[derive(Debug, Default)]
pub(crate) struct Joined(std::sync::Mutex<HashMap<TypeId, Arc<Table>>>);

impl Joined {
    fn table<L: LabelSet>(&self, limit: u32) -> Arc<Table> {
        let mut tables = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let table = tables
            .entry(TypeId::of::<L>())
            .or_insert_with(|| Arc::new(Table::new(L::LABELS, limit)));
        Arc::clone(table)
    }
}
