//! How sure a figure is: the Wilson score interval, Newcombe's interval of a difference, the natural limits of an XmR chart.

/// Fewer than so many are too few to rely on.
pub const FEW: i64 = 20;
/// The 97.5 % point of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;
/// 3 / 1.128: from a mean moving range to three sigma (D. J. Wheeler, Understanding Variation, 1993).
const XMR: f64 = 2.66;

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proportion {
    /// How many of them.
    pub numerator: i64,
    /// Of how many.
    pub denominator: i64,
}

#[expect(clippy::cast_precision_loss, reason = "2^53 handoffs are far away")]
impl Proportion {
    /// So many of so many.
    pub fn new(numerator: i64, denominator: i64) -> Self {
        Self { numerator, denominator }
    }

    /// The share; none of nothing.
    pub fn value(self) -> Option<f64> {
        (self.denominator > 0).then(|| self.numerator as f64 / self.denominator as f64)
    }

    /// The Wilson score interval of 95 %, without continuity correction (E. B. Wilson, 1927).
    pub fn interval(self) -> Option<(f64, f64)> {
        let (share, n) = (self.value()?, self.denominator as f64);
        let z2 = Z * Z;
        let middle = share + z2 / (2.0 * n);
        let half = Z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
        let below = 1.0 + z2 / n;
        let low = if self.numerator == 0 { 0.0 } else { (middle - half) / below };
        let high = if self.numerator == self.denominator { 1.0 } else { (middle + half) / below };
        Some((low.clamp(0.0, 1.0), high.clamp(0.0, 1.0)))
    }

    /// Whether they are too few to rely on.
    pub fn few(self) -> bool {
        self.denominator < FEW
    }
}

/// After less before, with its interval of 95 % (R. G. Newcombe, 1998, method 10: from the two Wilson intervals).
pub fn difference(before: Proportion, after: Proportion) -> Option<(f64, f64, f64)> {
    let (p1, p2) = (after.value()?, before.value()?);
    let ((l1, u1), (l2, u2)) = (after.interval()?, before.interval()?);
    let difference = p1 - p2;
    let low = difference - ((p1 - l1).powi(2) + (u2 - p2).powi(2)).sqrt();
    let high = difference + ((u1 - p1).powi(2) + (p2 - l2).powi(2)).sqrt();
    Some((difference, low, high))
}

/// So much in all, of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// How much in all.
    pub sum: i64,
    /// Of how many.
    pub count: i64,
}

impl Rate {
    /// So much in all, of so many.
    pub fn new(sum: i64, count: i64) -> Self {
        Self { sum, count }
    }

    /// The sum for each; none of nothing.
    #[expect(clippy::cast_precision_loss, reason = "2^53 handoffs are far away")]
    pub fn value(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// Whether they are too few to rely on.
    pub fn few(self) -> bool {
        self.count < FEW
    }
}

/// The band that values move in by themselves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// The mean.
    pub mean: f64,
    /// The lower limit; not below 0.
    pub low: f64,
    /// The upper limit.
    pub high: f64,
    /// The mean of the differences between neighbours.
    pub mean_moving_range: f64,
}

/// The natural limits of values in order, none of which can be below 0; none of fewer than two. `most` is what a value can be at most.
#[expect(clippy::cast_precision_loss, reason = "a few hundred steps")]
pub fn xmr(values: &[f64], most: Option<f64>) -> Option<Band> {
    if values.len() < 2 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let ranges: Vec<f64> = values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    let mean_moving_range = ranges.iter().sum::<f64>() / ranges.len() as f64;
    let (low, high) = ((mean - XMR * mean_moving_range).max(0.0), mean + XMR * mean_moving_range);
    Some(Band { mean, low, high: most.map_or(high, |most| high.min(most)), mean_moving_range })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(interval: Option<(f64, f64)>) -> Option<(String, String)> {
        interval.map(|(low, high)| (format!("{low:.4}"), format!("{high:.4}")))
    }

    /// The examples of Newcombe's paper (Statistics in Medicine 17, 857-872, table I, method 3).
    #[test]
    fn wilson_s_interval_is_that_of_the_literature() {
        let of = |r, n| rounded(Proportion::new(r, n).interval());
        let text = |low: &str, high: &str| Some((low.to_owned(), high.to_owned()));
        assert_eq!(of(81, 263), text("0.2553", "0.3662"));
        assert_eq!(of(15, 148), text("0.0624", "0.1605"));
        assert_eq!(of(0, 20), text("0.0000", "0.1611"));
        assert_eq!(of(1, 29), text("0.0061", "0.1718"));
        assert_eq!(of(29, 29), text("0.8830", "1.0000"));
        assert_eq!(of(0, 0), None);
    }

    /// Statistics in Medicine 17, 873-890, table II, method 10: 56/70 - 48/80 and 9/10 - 3/10.
    #[test]
    fn newcombe_s_interval_is_that_of_the_literature() {
        let of = |after: (i64, i64), before: (i64, i64)| {
            let (_, low, high) =
                difference(Proportion::new(before.0, before.1), Proportion::new(after.0, after.1)).unwrap();
            (format!("{low:.4}"), format!("{high:.4}"))
        };
        assert_eq!(of((56, 70), (48, 80)), ("0.0524".to_owned(), "0.3339".to_owned()));
        assert_eq!(of((9, 10), (3, 10)), ("0.1705".to_owned(), "0.8090".to_owned()));
    }

    #[test]
    fn a_band_is_three_sigma_wide_and_ends_where_values_do() {
        let band = xmr(&[10.0, 12.0, 11.0, 13.0], None).unwrap();
        assert!((band.mean - 11.5).abs() < 1e-9 && (band.mean_moving_range - 5.0 / 3.0).abs() < 1e-9);
        assert!((band.high - (11.5 + 2.66 * 5.0 / 3.0)).abs() < 1e-9);
        let shares = xmr(&[0.1, 0.9, 0.2], Some(1.0)).unwrap();
        assert!(shares.low.abs() < f64::EPSILON && (shares.high - 1.0).abs() < f64::EPSILON);
        assert_eq!(xmr(&[1.0], None), None);
    }
}
