//! Numbers over time as a line of bars.

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The last numbers that fit, the newest to the right, as parts of the largest of them. All-zero is
/// the lowest bar.
pub fn spark(numbers: &[f64], width: usize) -> String {
    let shown = &numbers[numbers.len().saturating_sub(width)..];
    let most = shown.iter().copied().fold(0.0, f64::max);
    let bar = |number: &f64| {
        let part = if most > 0.0 {
            number.max(0.0) / most
        } else {
            0.0
        };
        let level = (part * (BARS.len() - 1) as f64).round() as usize;
        BARS.get(level).copied().unwrap_or(' ')
    };
    shown.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::spark;

    #[test]
    fn the_newest_stand_to_the_right_and_the_largest_is_full() {
        assert_eq!(spark(&[9.0, 0.0, 1.0, 2.0, 4.0], 4), "▁▃▅█");
        assert_eq!(spark(&[0.0, 0.0], 10), "▁▁");
        assert_eq!(spark(&[], 10), "");
    }
}
