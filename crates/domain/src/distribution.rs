//! Exact figures over a set of durations: nothing is sampled and no sketch is kept.

/// Durations collected one by one, in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Durations {
    values: Vec<i64>,
}

/// The figures of a set of durations, in milliseconds. All 0 for the empty set.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Distribution {
    /// Number of values.
    pub count: u64,
    /// Exact sum.
    pub sum_ms: i128,
    /// Smallest value.
    pub min_ms: i64,
    /// Largest value.
    pub max_ms: i64,
    /// Mean of the two middle values when the count is even.
    pub median_ms: f64,
    /// 90th percentile by linear interpolation between the closest ranks: rank
    /// 0.9 (n - 1) counted from 0, as numpy does by default.
    pub p90_linear_ms: f64,
    /// Value number ceil(0.9 n) in ascending order, counted from 1.
    pub p90_nearest_rank_ms: i64,
}

impl Durations {
    /// Takes one value.
    pub fn push(&mut self, value_ms: i64) {
        self.values.push(value_ms);
    }

    /// Takes every value of another set.
    pub fn append(&mut self, mut other: Durations) {
        if self.values.is_empty() {
            std::mem::swap(&mut self.values, &mut other.values);
        } else {
            self.values.append(&mut other.values);
        }
    }

    /// The values, in any order.
    pub fn values(&self) -> &[i64] {
        &self.values
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The figures of the set.
    pub fn figures(mut self) -> Distribution {
        let values = &mut self.values;
        values.sort_unstable();
        let (Some(&min_ms), Some(&max_ms)) = (values.first(), values.last()) else {
            return Distribution::default();
        };
        let n = values.len();
        Distribution {
            count: n as u64,
            sum_ms: values.iter().copied().map(i128::from).sum(),
            min_ms,
            max_ms,
            median_ms: between(values, n - 1, 2),
            p90_linear_ms: between(values, 9 * (n - 1), 10),
            p90_nearest_rank_ms: values[(9 * n).div_ceil(10) - 1],
        }
    }
}

impl FromIterator<i64> for Durations {
    fn from_iter<I: IntoIterator<Item = i64>>(values: I) -> Self {
        Self {
            values: values.into_iter().collect(),
        }
    }
}

/// The value at rank `numerator / denominator`, counted from 0, of sorted values. The rank is
/// kept in whole numbers: 0.9 has no exact binary fraction.
fn between(sorted: &[i64], numerator: usize, denominator: usize) -> f64 {
    let (at, rest) = (numerator / denominator, numerator % denominator);
    let low = sorted[at];
    let high = sorted[(at + 1).min(sorted.len() - 1)];
    let part = i128::from(high - low) * rest as i128;
    low as f64 + part as f64 / denominator as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn figures(values: &[i64]) -> Distribution {
        let mut durations = Durations::default();
        values.iter().for_each(|value| durations.push(*value));
        durations.figures()
    }

    #[test]
    fn the_empty_set_has_no_figures() {
        assert_eq!(figures(&[]), Distribution::default());
    }

    #[test]
    fn one_value_is_every_figure() {
        let one = figures(&[7]);
        assert_eq!(
            (one.count, one.sum_ms, one.min_ms, one.max_ms),
            (1, 7, 7, 7)
        );
        assert_eq!(
            (one.median_ms, one.p90_linear_ms, one.p90_nearest_rank_ms),
            (7.0, 7.0, 7)
        );
    }

    #[test]
    fn percentiles_are_those_of_numpy_and_of_the_nearest_rank() {
        let ten: Vec<i64> = (1..=10).rev().map(|value| value * 10).collect();
        let of_ten = figures(&ten);
        assert_eq!(of_ten.median_ms, 55.0);
        assert_eq!(of_ten.p90_linear_ms, 91.0);
        assert_eq!(of_ten.p90_nearest_rank_ms, 90);
        let of_eleven = figures(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 111]);
        assert_eq!(of_eleven.median_ms, 6.0);
        assert_eq!(of_eleven.p90_linear_ms, 10.0);
        assert_eq!(of_eleven.p90_nearest_rank_ms, 10);
        assert_eq!(figures(&[0, 1]).p90_linear_ms, 0.9);
        assert_eq!(figures(&[0, 1]).p90_nearest_rank_ms, 1);
    }

    #[test]
    fn the_sum_is_exact_beyond_64_bits() {
        assert_eq!(
            figures(&[i64::MAX, i64::MAX]).sum_ms,
            2 * i128::from(i64::MAX)
        );
    }

    proptest! {
        #[test]
        fn figures_do_not_depend_on_how_the_values_were_split(
            values in prop::collection::vec(-1_000_000i64..1_000_000_000, 0..60),
            at in 0usize..60,
        ) {
            let at = at.min(values.len());
            let (mut left, mut right) = (Durations::default(), Durations::default());
            values[at..].iter().for_each(|value| left.push(*value));
            values[..at].iter().for_each(|value| right.push(*value));
            left.append(right);
            prop_assert_eq!(left.figures(), figures(&values));
        }
    }
}
