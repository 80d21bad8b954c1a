//! Numbers as text.

/// The longest number there is: `-2.2250738585072014e-308`.
pub(super) const LONGEST: usize = 24;

/// A number as it is written.
#[derive(Debug)]
pub(super) struct Number {
    /// The text, and zeros behind it: copying a fixed size is cheaper than asking how much.
    pub(super) text: [u8; LONGEST],
    pub(super) len: usize,
}

impl Number {
    /// A whole number, every digit of it.
    #[inline]
    pub(super) fn whole(number: u64) -> Self {
        if number < 100_000_000 {
            let (digits, len) = digits(number);
            let mut text = [0; LONGEST];
            text[..8].copy_from_slice(&digits);
            Self { text, len }
        } else {
            Self::of(itoa::Buffer::new().format(number))
        }
    }

    /// A number as Go's `ParseFloat` and everybody else reads it, in the fewest digits.
    pub(super) fn float(number: f64) -> Self {
        if number.is_nan() {
            Self::of("NaN")
        } else if number == f64::INFINITY {
            Self::of("+Inf")
        } else if number == f64::NEG_INFINITY {
            Self::of("-Inf")
        } else {
            let mut buffer = zmij::Buffer::new();
            let text = buffer.format_finite(number);
            Self::of(text.strip_suffix(".0").unwrap_or(text))
        }
    }

    fn of(text: &str) -> Self {
        let mut number = Self {
            text: [0; LONGEST],
            len: text.len().min(LONGEST),
        };
        let bytes = &text.as_bytes()[..number.len];
        number.text[..bytes.len()].copy_from_slice(bytes);
        number
    }

    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.text[..self.len]
    }
}

/// The decimal digits of a number below 10⁸, and how many there are. All eight are made at once, in
/// one register: most counters are below that, and nothing here depends on how long they are.
#[inline]
fn digits(number: u64) -> ([u8; 8], usize) {
    // Each step splits every group in two: by 10 000, by 100 with a multiplication that is exact
    // below 10 000, by 10 with one that is exact below 100.
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | ((fours - 100 * hundreds) << 16);
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    let ones = tens | ((twos - 10 * tens) << 8);
    // The lowest byte is the first digit; a number has at least one.
    let zeros = (ones.trailing_zeros() / 8).min(7);
    let text = (ones | 0x3030_3030_3030_3030) >> (8 * zeros);
    (text.to_le_bytes(), 8 - zeros as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_of_every_length_are_written_as_they_are() {
        let powers = (0..=19).map(|power| 10u64.pow(power));
        let mut numbers: Vec<u64> = (0..20_000).collect();
        numbers.extend(powers.flat_map(|n| [n - 1, n, n + 1, n.wrapping_mul(7) / 3]));
        numbers.extend((0..100_000_000).step_by(9_973));
        numbers.push(u64::MAX);
        for number in numbers {
            assert_eq!(
                Number::whole(number).as_bytes(),
                number.to_string().as_bytes()
            );
        }
    }

    #[test]
    fn floats_are_read_back_to_the_last_bit_and_fit() {
        let signs = [1.0, -1.0];
        let odd = [
            0.0,
            0.1,
            1.0,
            f64::MIN_POSITIVE,
            f64::MAX,
            5e-324,
            1.0 / 3.0,
            f64::MIN_POSITIVE / 3.0,
        ];
        let many = (0..100_000u64).map(|n| f64::from_bits(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        for number in odd.into_iter().chain(many.filter(|n| n.is_finite())) {
            for sign in signs {
                let text = Number::float(sign * number);
                let text = std::str::from_utf8(text.as_bytes()).unwrap();
                assert_eq!(
                    text.parse::<f64>().map(f64::to_bits),
                    Ok((sign * number).to_bits()),
                    "{text}"
                );
            }
        }
    }
}
