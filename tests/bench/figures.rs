//! Figures as they are printed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Figures are held against their aims: those of small sizes or a debug build are not.
static JUDGED: AtomicBool = AtomicBool::new(true);

pub(crate) fn judge(judged: bool) {
    JUDGED.store(judged, Ordering::Relaxed);
}

/// One line: what, how much, and how it stands to the aim.
pub(crate) fn line(what: &str, figure: &str, aim: Option<(&str, bool)>) {
    let aim = match aim.filter(|_| JUDGED.load(Ordering::Relaxed)) {
        None => String::new(),
        Some((aim, true)) => format!("   aim {aim}: met"),
        Some((aim, false)) => format!("   aim {aim}: MISSED"),
    };
    println!("  {what:<44} {figure:>16}{aim}");
}

/// A command that was run.
pub(crate) fn command(text: &str) {
    println!("  $ {text}");
}

/// Further words.
pub(crate) fn note(text: &str) {
    println!("    {text}");
}

pub(crate) fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

pub(crate) fn mebibytes(kibibytes: u64) -> String {
    let tenths = kibibytes * 10 / 1024;
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

/// The middle one; of an even number the lower of the two.
pub(crate) fn median<T: Copy + PartialOrd>(values: &[T]) -> T {
    let mut sorted = values.to_vec();
    sorted.sort_by(|left, right| left.partial_cmp(right).expect("figures can be compared"));
    sorted[(sorted.len() - 1) / 2]
}

/// `median 12.0 ms`, and the ends in a note.
pub(crate) fn times(what: &str, times: &[Duration], aim: Option<(&str, Duration)>) {
    let middle = median(times);
    line(
        what,
        &milliseconds(middle),
        aim.map(|(text, aim)| (text, middle <= aim)),
    );
    let all: Vec<String> = times.iter().map(|time| milliseconds(*time)).collect();
    note(&format!("the median of {}", all.join(", ")));
}

/// The ratio of two medians, and the range that it lies in with 95 % confidence: that of the ratios of rounds drawn at random from
/// those that were run (a bootstrap of pairs).
pub(crate) struct Ratio {
    pub(crate) middle: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Ratio {
    const DRAWS: usize = 10_000;

    /// `left[n]` and `right[n]` are of one round.
    pub(crate) fn of(left: &[Duration], right: &[Duration]) -> Self {
        let of_rounds = |rounds: &[usize]| {
            let middle = |times: &[Duration]| {
                let drawn: Vec<Duration> = rounds.iter().map(|round| times[*round]).collect();
                median(&drawn).as_secs_f64()
            };
            middle(left) / middle(right)
        };
        let rounds: Vec<usize> = (0..left.len().min(right.len())).collect();
        // The same figures give the same range.
        let mut random = fastrand::Rng::with_seed(1);
        let mut drawn: Vec<f64> = (0..Self::DRAWS)
            .map(|_| {
                let draw: Vec<usize> = rounds
                    .iter()
                    .map(|_| random.usize(0..rounds.len()))
                    .collect();
                of_rounds(&draw)
            })
            .collect();
        drawn.sort_by(f64::total_cmp);
        Self {
            middle: of_rounds(&rounds),
            low: drawn[Self::DRAWS / 40],
            high: drawn[Self::DRAWS - 1 - Self::DRAWS / 40],
        }
    }
}
