//! From offsets to the lag that KEDA reports: which partitions count, what a missing commit means, and the caps. No I/O.
//! [KEDA 2.20 `kafka_scaler.go`, `apache_kafka_scaler.go`; both do the same]

use std::collections::BTreeMap;

/// A partition of a topic.
pub(super) type Place = (String, i32);

/// Where a partition ends, and how far the group has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offsets {
    /// The offset that the next record will have.
    pub(super) latest: i64,
    /// The offset that the group has committed; `None` when it has not.
    pub(super) committed: Option<i64>,
}

/// What decides the number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// `lagThreshold`, at least 1.
    pub(super) threshold: i64,
    /// `offsetResetPolicy: earliest`.
    pub(super) from_the_start: bool,
    /// `scaleToZeroOnInvalidOffset`.
    pub(super) zero_without_commit: bool,
    /// `excludePersistentLag`.
    pub(super) only_moving: bool,
    /// `allowIdleConsumers`.
    pub(super) allow_idle: bool,
    /// `limitToPartitionsWithLag`.
    pub(super) only_with_lag: bool,
    /// `ensureEvenDistributionOfPartitions`.
    pub(super) even: bool,
}

/// The lag of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lag {
    /// After the caps: what the metric says.
    pub(super) capped: i64,
    /// All of it: what activation looks at.
    pub(super) whole: i64,
}

impl Rules {
    /// The lag. `last` holds the commits of the readings before, and then those of this one too.
    pub(super) fn lag(
        &self,
        partitions: &BTreeMap<Place, Offsets>,
        last: &mut BTreeMap<Place, i64>,
    ) -> Lag {
        let mut counted: i64 = 0;
        let mut whole: i64 = 0;
        let mut with_lag: i64 = 0;
        for (place, offsets) in partitions {
            let lag = self.of_partition(*offsets);
            // A commit further than the end (the topic was made anew) takes from the others' lag in KEDA too.
            let counts = if self.stands_still(place, *offsets, last) {
                0
            } else {
                lag
            };
            counted = counted.saturating_add(counts);
            whole = whole.saturating_add(lag);
            with_lag += i64::from(counts > 0);
        }
        let all = i64::try_from(partitions.len()).unwrap_or(i64::MAX);
        Lag {
            capped: self.capped(counted, all, with_lag),
            whole,
        }
    }

    fn of_partition(&self, offsets: Offsets) -> i64 {
        match offsets.committed {
            Some(committed) => offsets.latest.saturating_sub(committed),
            None if self.zero_without_commit => 0,
            // All of the records, the deleted ones too: KEDA counts from 0 until 2.21, which counts from the first that is left.
            None if self.from_the_start => offsets.latest,
            // Where its consumer would begin is not known; one Job will commit something.
            None => 1,
        }
    }

    /// Whether the group has committed nothing in the partition since the reading before. The first reading knows of none.
    fn stands_still(
        &self,
        place: &Place,
        offsets: Offsets,
        last: &mut BTreeMap<Place, i64>,
    ) -> bool {
        let Some(committed) = offsets.committed.filter(|_| self.only_moving) else {
            return false;
        };
        last.insert(place.clone(), committed) == Some(committed)
    }

    fn capped(&self, lag: i64, partitions: i64, with_lag: i64) -> i64 {
        if self.allow_idle && !self.only_with_lag && !self.even {
            return lag;
        }
        // Even no lag makes one consumer: KEDA's number is the threshold then, and the trigger is not active.
        let lag = if self.even {
            self.even_consumers(lag, partitions)
                .saturating_mul(self.threshold)
        } else {
            lag
        };
        let most = if self.only_with_lag {
            with_lag
        } else {
            partitions
        };
        if lag / self.threshold.max(1) > most {
            most.saturating_mul(self.threshold)
        } else {
            lag
        }
    }

    /// The fewest consumers that the lag asks for and that have the same number of partitions each.
    fn even_consumers(&self, lag: i64, partitions: i64) -> i64 {
        (1..=partitions)
            .find(|count| partitions % count == 0 && count.saturating_mul(self.threshold) >= lag)
            .unwrap_or(partitions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        threshold: 10,
        from_the_start: false,
        zero_without_commit: false,
        only_moving: false,
        allow_idle: false,
        only_with_lag: false,
        even: false,
    };

    fn place(partition: i32) -> Place {
        ("t".to_owned(), partition)
    }

    /// Partitions 0, 1 … with these ends and commits.
    fn partitions(offsets: &[(i64, Option<i64>)]) -> BTreeMap<Place, Offsets> {
        (0..)
            .zip(offsets)
            .map(|(partition, &(latest, committed))| {
                (place(partition), Offsets { latest, committed })
            })
            .collect()
    }

    /// What the metric says, and what activation looks at.
    fn lag(rules: Rules, offsets: &[(i64, Option<i64>)]) -> (i64, i64) {
        let lag = rules.lag(&partitions(offsets), &mut BTreeMap::new());
        (lag.capped, lag.whole)
    }

    #[test]
    fn sums() {
        assert_eq!(lag(RULES, &[(7, Some(2)), (4, Some(4))]), (5, 5));
        assert_eq!(lag(RULES, &[(0, Some(0))]), (0, 0));
        assert_eq!(lag(RULES, &[]), (0, 0));
        // A commit past the end.
        assert_eq!(lag(RULES, &[(3, Some(9)), (8, Some(0))]), (2, 2));
        let far = i64::MAX;
        assert_eq!(
            lag(RULES, &[(far, Some(0)), (far, Some(0))]),
            (20, i64::MAX)
        );
    }

    #[test]
    fn partitions_without_a_commit() {
        let offsets = [(7, None), (5, Some(3)), (0, None)];
        assert_eq!(lag(RULES, &offsets), (4, 4));
        let zero = Rules {
            zero_without_commit: true,
            ..RULES
        };
        assert_eq!(lag(zero, &offsets), (2, 2));
        let earliest = Rules {
            from_the_start: true,
            ..RULES
        };
        assert_eq!(lag(earliest, &offsets), (9, 9));
        let both = Rules {
            zero_without_commit: true,
            ..earliest
        };
        assert_eq!(lag(both, &offsets), (2, 2));
    }

    #[test]
    fn no_more_than_partitions() {
        // 35 / 10 = 3 consumers for 2 partitions.
        assert_eq!(lag(RULES, &[(35, Some(0)), (0, Some(0))]), (20, 35));
        // 29 / 10 = 2: whole numbers are compared, so that 29 is not held down.
        assert_eq!(lag(RULES, &[(29, Some(0)), (0, Some(0))]), (29, 29));
        let idle = Rules {
            allow_idle: true,
            ..RULES
        };
        assert_eq!(lag(idle, &[(35, Some(0)), (0, Some(0))]), (35, 35));
    }

    #[test]
    fn no_more_than_partitions_with_lag() {
        let rules = Rules {
            only_with_lag: true,
            ..RULES
        };
        let none = (4, Some(4));
        assert_eq!(lag(rules, &[(35, Some(0)), none, none]), (10, 35));
        assert_eq!(lag(rules, &[(35, Some(0)), (1, Some(0)), none]), (20, 36));
        assert_eq!(lag(rules, &[none, none]), (0, 0));
    }

    #[test]
    fn as_many_partitions_for_each() {
        let rules = Rules {
            even: true,
            ..RULES
        };
        let of = |lag_of_first: i64, count: usize| {
            let mut offsets = vec![(0, Some(0)); count];
            offsets[0] = (lag_of_first, Some(0));
            lag(rules, &offsets).0
        };
        // Divisors of 6: 1, 2, 3, 6.
        for (whole, number) in [
            (0, 10),
            (10, 10),
            (11, 20),
            (21, 30),
            (31, 60),
            (60, 60),
            (999, 60),
        ] {
            assert_eq!(of(whole, 6), number, "{whole}");
        }
        assert_eq!(of(11, 7), 70);
        assert_eq!(lag(rules, &[]), (0, 0));
        // It holds although consumers may be idle.
        let rules = Rules {
            allow_idle: true,
            ..rules
        };
        assert_eq!(lag(rules, &[(99, Some(0)), (0, Some(0))]), (20, 99));
    }

    #[test]
    fn partitions_that_stand_still() {
        let rules = Rules {
            only_moving: true,
            ..RULES
        };
        let mut last = BTreeMap::new();
        let mut next = |offsets: &[(i64, Option<i64>)]| {
            let lag = rules.lag(&partitions(offsets), &mut last);
            (lag.capped, lag.whole)
        };
        // The first reading knows nothing of before.
        assert_eq!(next(&[(9, Some(2)), (5, Some(4)), (3, None)]), (9, 9));
        // The first partition stands still, the second has moved; without a commit nothing stands still.
        assert_eq!(next(&[(9, Some(2)), (8, Some(5)), (3, None)]), (4, 11));
        assert_eq!(next(&[(9, Some(3)), (8, Some(5)), (3, Some(0))]), (9, 12));
        assert_eq!(next(&[(9, Some(3)), (8, Some(5)), (3, Some(0))]), (0, 12));
        // Without the rule nothing is remembered.
        let mut last = BTreeMap::new();
        RULES.lag(&partitions(&[(9, Some(2))]), &mut last);
        assert_eq!(last, BTreeMap::new());
    }

    #[test]
    fn partitions_with_lag_do_not_stand_still() {
        let rules = Rules {
            only_moving: true,
            only_with_lag: true,
            ..RULES
        };
        let still = [(50, Some(0)), (50, Some(0))];
        let moved = [(50, Some(0)), (50, Some(1))];
        let mut last = BTreeMap::new();
        let first = rules.lag(&partitions(&still), &mut last);
        assert_eq!((first.capped, first.whole), (20, 100));
        let second = rules.lag(&partitions(&moved), &mut last);
        assert_eq!((second.capped, second.whole), (10, 99));
    }
}
