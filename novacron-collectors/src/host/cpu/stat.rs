//! `/proc/stat`: what cores did, and what the host did since it booted.

use crate::text;

/// Columns of a core's line, in the kernel's order.
pub const MODES: usize = 10;
const IDLE: usize = 3;
const IOWAIT: usize = 4;
const GUEST: usize = 8;

/// What `/proc/stat` says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stat {
    /// Cores that are online, by index.
    pub cores: Vec<Core>,
    /// Interrupts served.
    pub interrupts: Option<u64>,
    /// Soft interrupts served.
    pub soft_interrupts: Option<u64>,
    /// Switches from one task to another.
    pub context_switches: Option<u64>,
    /// Unix time of the boot, in seconds.
    pub boot_time: Option<u64>,
    /// Processes and threads created.
    pub created: Option<u64>,
    /// Tasks that run or are ready to.
    pub runnable: Option<u64>,
    /// Tasks that wait for I/O.
    pub blocked: Option<u64>,
}

/// What a core spent its time on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Core {
    /// Index of the core.
    pub index: u32,
    /// Ticks of 1/100 s: user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice.
    /// As the kernel gives them: time of guests is in user and nice, too. Old kernels have fewer.
    pub ticks: [Option<u64>; MODES],
}

impl Stat {
    /// Reads the lines that are complete; others, and numbers that are broken, are left out.
    pub fn parse(text: &str) -> Self {
        let mut stat = Self::default();
        for line in text::lines(text) {
            let mut tokens = line.split_ascii_whitespace();
            let Some(key) = tokens.next() else { continue };
            if let Some(index) = crate::host::indexed(key, "cpu") {
                let mut ticks = [None; MODES];
                for (tick, token) in ticks.iter_mut().zip(tokens) {
                    *tick = text::number(token);
                }
                stat.cores.push(Core { index, ticks });
                continue;
            }
            let fact = match key {
                "intr" => &mut stat.interrupts,
                "softirq" => &mut stat.soft_interrupts,
                "ctxt" => &mut stat.context_switches,
                "btime" => &mut stat.boot_time,
                "processes" => &mut stat.created,
                "procs_running" => &mut stat.runnable,
                "procs_blocked" => &mut stat.blocked,
                _ => continue,
            };
            *fact = fact.or_else(|| text::number(tokens.next()?));
        }
        stat
    }
}

/// Keeps the last reading: for the share of time that was busy, and against small steps back.
#[derive(Debug, Default)]
pub struct Before {
    cores: Vec<Core>,
    percent: Option<f64>,
}

impl Before {
    /// Takes the next reading. Idle and iowait of a core that went back a little are held where
    /// they were: the kernel recomputes them when a core is idle, and a total that falls by a tick
    /// would be taken for one that began anew. A fall of 3 s or more is one: the core was offline.
    pub fn settle(&self, cores: &mut [Core]) {
        const HELD: u64 = 300;
        for core in cores {
            let Some(before) = self.cores.iter().find(|c| c.index == core.index) else {
                continue;
            };
            for mode in [IDLE, IOWAIT] {
                if let (Some(now), Some(last)) = (&mut core.ticks[mode], before.ticks[mode])
                    && *now < last
                    && last - *now < HELD
                {
                    *now = last;
                }
            }
        }
    }

    /// The share of the time since the last reading in which cores were neither idle nor waiting
    /// for I/O, 0 to 100; `None` for the first reading. Only cores that both readings have count,
    /// and only those of which every number is known and none fell.
    pub fn percent(&mut self, cores: &[Core]) -> Option<f64> {
        let (mut busy, mut all) = (0, 0);
        for core in cores {
            let before = self.cores.iter().find(|c| c.index == core.index);
            if let Some((b, a)) = before.and_then(|before| grown(before, core)) {
                busy += b;
                all += a;
            }
        }
        if self.cores.is_empty() || all > 0 {
            self.percent = (all > 0).then(|| 100.0 * busy as f64 / all as f64);
            self.cores = cores.to_vec();
        }
        // Two readings within one tick: nothing is new, and the last one stays the base.
        self.percent
    }
}

/// Busy ticks and all ticks between two readings of a core. Guests' time is in user and nice
/// already.
fn grown(before: &Core, now: &Core) -> Option<(u64, u64)> {
    let (mut busy, mut all) = (0_u64, 0_u64);
    for mode in 0..GUEST {
        let (before, now) = (before.ticks[mode], now.ticks[mode]);
        let grown = match (before, now) {
            (Some(before), Some(now)) => now.checked_sub(before)?,
            // A kernel that has fewer columns has them neither now nor then.
            (None, None) => 0,
            _ => return None,
        };
        all = all.checked_add(grown)?;
        if mode != IDLE && mode != IOWAIT {
            busy = busy.checked_add(grown)?;
        }
    }
    Some((busy, all))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn core(index: u32, user: u64, idle: u64) -> Core {
        let mut ticks = [Some(0); MODES];
        ticks[0] = Some(user);
        ticks[IDLE] = Some(idle);
        Core { index, ticks }
    }

    #[test]
    fn an_old_kernel_has_fewer_columns_and_a_broken_number_is_none() {
        let stat = Stat::parse("cpu  1 2 3 4\ncpu0 1 2 3 4\ncpu1 1 x 3 4 5 6 7 8 9 10 11\nctxt 12");
        assert_eq!(stat.cores.len(), 2);
        assert_eq!(
            stat.cores[0].ticks[..5],
            [Some(1), Some(2), Some(3), Some(4), None]
        );
        assert_eq!(stat.cores[1].ticks[..3], [Some(1), None, Some(3)]);
        assert_eq!(stat.cores[1].ticks[9], Some(10));
        assert_eq!(stat.context_switches, None, "the line may go on");
    }

    #[test]
    fn the_first_reading_has_no_share_and_one_within_a_tick_keeps_the_last() {
        let mut before = Before::default();
        assert_eq!(before.percent(&[core(0, 100, 100)]), None);
        assert_eq!(before.percent(&[core(0, 130, 110)]), Some(75.0));
        assert_eq!(before.percent(&[core(0, 130, 110)]), Some(75.0));
        assert_eq!(before.percent(&[core(0, 130, 120)]), Some(0.0));
    }

    #[test]
    fn cores_that_come_and_go_do_not_count() {
        let mut before = Before::default();
        before.percent(&[core(0, 100, 100), core(1, 9_000, 0)]);
        // Core 1 went away, core 2 came with all its past.
        assert_eq!(
            before.percent(&[core(0, 110, 190), core(2, 5_000, 0)]),
            Some(10.0)
        );
        // Core 2 began anew, as after being offline.
        assert_eq!(
            before.percent(&[core(0, 120, 190), core(2, 5, 5)]),
            Some(100.0)
        );
    }

    #[test]
    fn a_small_step_back_is_held_and_a_large_one_is_shown() {
        let mut before = Before::default();
        before.percent(&[core(0, 10, 10_000)]);
        for (idle, shown) in [
            (9_999, 10_000),
            (9_701, 10_000),
            (9_700, 9_700),
            (0, 0),
            (10_001, 10_001),
        ] {
            let mut now = [core(0, 9, idle)];
            before.settle(&mut now);
            assert_eq!(now[0].ticks[IDLE], Some(shown), "{idle}");
            assert_eq!(now[0].ticks[0], Some(9), "only idle and iowait are held");
        }
    }

    #[test]
    fn a_virtual_machine_that_ran_for_ever_does_not_overflow() {
        let mut before = Before::default();
        let full = Core {
            index: 0,
            ticks: [Some(u64::MAX); MODES],
        };
        before.percent(&[core(0, 0, 0)]);
        assert_eq!(before.percent(&[full]), None);
    }
}
