//! What is known of heartbeats, and what follows. Pure: time comes in from outside.
//!
//! Two clocks that are never compared with each other: the holder measures from when it *sent* its last renewal, who watches
//! measures from when it *saw* it. The first is always earlier, so a holder stops before anybody may judge it dead.

use std::time::Duration;

/// A moment of this process, by two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Moment {
    /// Of the monotonic clock, which on most systems stands still while the machine sleeps.
    pub(crate) monotonic: Duration,
    /// Of the wall clock, which goes on but may be set.
    pub(crate) wall: Duration,
}

impl Moment {
    /// The time since `earlier` by whichever clock says more: for our own rights the longer time is the careful one.
    fn at_most_since(self, earlier: Self) -> Duration {
        let monotonic = self.monotonic.saturating_sub(earlier.monotonic);
        monotonic.max(self.wall.saturating_sub(earlier.wall))
    }

    /// The time since `earlier` that certainly passed for us: for judging another the shorter time is the careful one.
    fn at_least_since(self, earlier: Self) -> Duration {
        self.monotonic.saturating_sub(earlier.monotonic)
    }
}

/// Our own heartbeat in one namespace.
#[derive(Debug, Clone)]
pub(super) struct Heartbeat {
    duration: Duration,
    /// When the last renewal that succeeded was sent.
    renewed: Option<Moment>,
    /// Grows whenever others may have judged us dead in between: what was held before must be claimed again.
    epoch: u64,
}

impl Heartbeat {
    pub(super) fn new(duration: Duration) -> Self {
        Self {
            duration,
            renewed: None,
            epoch: 0,
        }
    }

    /// A renewal that was sent at `sent` has succeeded, as is known at `now`.
    pub(super) fn renewed(&mut self, sent: Moment, now: Moment) {
        let unbroken = self
            .renewed
            .is_some_and(|last| now.at_most_since(last) < self.duration);
        if !unbroken {
            self.epoch += 1;
        }
        self.renewed = Some(sent);
    }

    /// The Lease is gone: everybody may take what we held.
    pub(super) fn gone(&mut self) {
        self.renewed = None;
        self.epoch += 1;
    }

    /// How long writing is still allowed without another renewal. It ends after two thirds of the duration, so that a write that
    /// is under way then has the last third to arrive in.
    pub(super) fn left(&self, now: Moment) -> Option<Duration> {
        let limit = self.duration * 2 / 3;
        self.renewed
            .and_then(|last| limit.checked_sub(now.at_most_since(last)))
            .filter(|left| !left.is_zero())
    }

    /// The current epoch.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Pause before the next renewal: a third of the duration, or a fifteenth after one that failed.
    pub(super) fn pause(&self, failed: bool) -> Duration {
        self.duration / if failed { 15 } else { 3 }
    }
}

/// What one look at another's heartbeat showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// Whose it is: which Lease, at which version of the Lease that names it.
    pub(crate) of: String,
    /// Changes with each renewal.
    pub(crate) stamp: String,
    /// The holder's own word for how long it may stay still.
    pub(crate) duration: Duration,
}

/// What is known after a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// First seen: nothing can be said yet.
    New,
    /// It moved since the last look.
    Moved,
    /// It has not moved yet.
    Still,
    /// There is no heartbeat, or it has not moved for its duration.
    Dead,
}

/// Another's heartbeat, watched.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch {
    last: Option<(Sighting, Moment)>,
}

impl Watch {
    /// A look at `now` showed `sighting`; none when there is no such heartbeat. `now` is taken after the answer came.
    pub(crate) fn see(&mut self, sighting: Option<Sighting>, now: Moment) -> Verdict {
        let Some(sighting) = sighting else {
            self.last = None;
            return Verdict::Dead;
        };
        match &mut self.last {
            Some((last, since)) if last.of == sighting.of => {
                if last.stamp != sighting.stamp {
                    self.last = Some((sighting, now));
                    return Verdict::Moved;
                }
                // The holder may have promised more or less since.
                last.duration = sighting.duration;
                if now.at_least_since(*since) >= sighting.duration {
                    Verdict::Dead
                } else {
                    Verdict::Still
                }
            }
            _ => {
                self.last = Some((sighting, now));
                Verdict::New
            }
        }
    }
}

/// What to do about a Lease that another holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Its holder is dead: take it.
    Take,
    /// Look again.
    Look,
    /// Leave the object alone.
    Refuse,
}

/// How much patience there is with another's Lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Until it is known that the holder lives.
    UntilKnown,
    /// Until it is free, at most so long where a time is given.
    UntilFree(Option<Duration>),
}

/// `seems_fresh`: the holder's renewTime is recent by our wall clock. It can only make us give up sooner: a holder is never judged
/// dead by it.
pub(super) fn answer(
    verdict: Verdict,
    patience: Patience,
    seems_fresh: bool,
    waited: Duration,
) -> Answer {
    match (verdict, patience) {
        (Verdict::Dead, _) => Answer::Take,
        (_, Patience::UntilFree(limit)) => {
            if limit.is_some_and(|limit| waited >= limit) {
                Answer::Refuse
            } else {
                Answer::Look
            }
        }
        (Verdict::Moved, Patience::UntilKnown) => Answer::Refuse,
        (Verdict::New | Verdict::Still, Patience::UntilKnown) if seems_fresh => Answer::Refuse,
        (Verdict::New | Verdict::Still, Patience::UntilKnown) => Answer::Look,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DURATION: Duration = Duration::from_secs(30);

    fn at(seconds: u64) -> Moment {
        Moment {
            monotonic: Duration::from_secs(seconds),
            wall: Duration::from_secs(1_000_000 + seconds),
        }
    }

    fn sighting(stamp: &str) -> Sighting {
        Sighting {
            of: "keda-jobs-run-a".to_owned(),
            stamp: stamp.to_owned(),
            duration: DURATION,
        }
    }

    #[test]
    fn writing_ends_before_others_may_judge() {
        let mut heartbeat = Heartbeat::new(DURATION);
        assert_eq!(heartbeat.left(at(0)), None, "nothing was renewed yet");
        heartbeat.renewed(at(0), at(1));
        assert_eq!(heartbeat.left(at(1)), Some(Duration::from_secs(19)));
        assert!(heartbeat.left(at(19)).is_some());
        assert_eq!(heartbeat.left(at(20)), None);
        // Who saw that renewal saw it at 0 at the earliest, and may judge at 30.
        let mut watch = Watch::default();
        assert_eq!(watch.see(Some(sighting("1")), at(0)), Verdict::New);
        assert_eq!(watch.see(Some(sighting("1")), at(29)), Verdict::Still);
        assert_eq!(watch.see(Some(sighting("1")), at(30)), Verdict::Dead);
    }

    #[test]
    fn a_late_renewal_keeps_the_epoch_until_others_may_have_judged() {
        let mut heartbeat = Heartbeat::new(DURATION);
        heartbeat.renewed(at(0), at(0));
        let first = heartbeat.epoch();
        heartbeat.renewed(at(19), at(25));
        assert_eq!(heartbeat.epoch(), first);
        assert!(heartbeat.left(at(25)).is_some());
        // Answered 30 s after the last one was sent: somebody may hold what we held.
        heartbeat.renewed(at(48), at(49));
        assert_eq!(heartbeat.epoch(), first + 1);
        heartbeat.gone();
        assert_eq!(heartbeat.epoch(), first + 2);
        assert_eq!(heartbeat.left(at(49)), None);
    }

    #[test]
    fn a_machine_that_slept_holds_nothing() {
        let mut heartbeat = Heartbeat::new(DURATION);
        heartbeat.renewed(at(0), at(0));
        let woken = Moment {
            monotonic: Duration::from_secs(1),
            ..at(3600)
        };
        assert_eq!(heartbeat.left(woken), None);
        // And what it watched has not been still for an hour of its own time.
        let mut watch = Watch::default();
        watch.see(Some(sighting("1")), at(0));
        assert_eq!(watch.see(Some(sighting("1")), woken), Verdict::Still);
    }

    #[test]
    fn a_wall_clock_that_is_set_back_gives_no_time() {
        let mut heartbeat = Heartbeat::new(DURATION);
        heartbeat.renewed(at(0), at(0));
        let set_back = Moment {
            monotonic: Duration::from_secs(25),
            wall: Duration::ZERO,
        };
        assert_eq!(heartbeat.left(set_back), None);
    }

    #[test]
    fn what_moves_is_never_dead() {
        let mut watch = Watch::default();
        assert_eq!(watch.see(Some(sighting("0")), at(0)), Verdict::New);
        for beat in 1..100 {
            let now = at(beat * 29);
            assert_eq!(
                watch.see(Some(sighting(&beat.to_string())), now),
                Verdict::Moved
            );
        }
        assert_eq!(
            watch.see(Some(sighting("99")), at(99 * 29 + 30)),
            Verdict::Dead
        );
    }

    #[test]
    fn no_heartbeat_is_dead_and_another_one_starts_over() {
        let mut watch = Watch::default();
        assert_eq!(watch.see(None, at(0)), Verdict::Dead);
        assert_eq!(watch.see(Some(sighting("1")), at(1)), Verdict::New);
        let other = Sighting {
            of: "keda-jobs-run-b".to_owned(),
            ..sighting("1")
        };
        assert_eq!(watch.see(Some(other), at(60)), Verdict::New);
    }

    #[test]
    fn only_the_dead_are_taken_from() {
        let waited = Duration::from_secs(10);
        for patience in [
            Patience::UntilKnown,
            Patience::UntilFree(None),
            Patience::UntilFree(Some(waited)),
        ] {
            for fresh in [true, false] {
                assert_eq!(answer(Verdict::Dead, patience, fresh, waited), Answer::Take);
                for verdict in [Verdict::New, Verdict::Moved, Verdict::Still] {
                    assert_ne!(answer(verdict, patience, fresh, waited), Answer::Take);
                }
            }
        }
        let known = Patience::UntilKnown;
        assert_eq!(answer(Verdict::New, known, true, waited), Answer::Refuse);
        assert_eq!(answer(Verdict::New, known, false, waited), Answer::Look);
        assert_eq!(answer(Verdict::Still, known, false, waited), Answer::Look);
        assert_eq!(answer(Verdict::Moved, known, false, waited), Answer::Refuse);
        let limit = |seconds| Patience::UntilFree(Some(Duration::from_secs(seconds)));
        assert_eq!(
            answer(Verdict::Moved, limit(11), true, waited),
            Answer::Look
        );
        assert_eq!(
            answer(Verdict::Still, limit(10), true, waited),
            Answer::Refuse
        );
    }
}
