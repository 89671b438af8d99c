//! Inputs bent from good ones, the same ones in every run: a seed says all that is random here.

/// Bytes that parsers of every kind look at.
const SHARP: &[u8] = b"\0\t\n\r \"#%&'*+,-./0:;<=>?@[\\]_`{|}~\x7f\x80\xc3\xff";
/// The most edits of one input.
const MOST_EDITS: usize = 5;
/// The longest piece that one edit repeats, moves or takes away.
const LONGEST_PIECE: usize = 48;

/// Makes inputs out of a pool.
pub struct Bender<'p> {
    pool: &'p [Vec<u8>],
    words: &'p [Vec<u8>],
    longest: usize,
    state: u64,
}

impl<'p> Bender<'p> {
    /// One that begins at a seed.
    #[must_use]
    pub const fn new(pool: &'p [Vec<u8>], words: &'p [Vec<u8>], longest: usize, seed: u64) -> Self {
        Self { pool, words, longest, state: seed }
    }

    /// The next input.
    pub fn bent(&mut self) -> Vec<u8> {
        let mut input = self.pick(self.pool).map(Vec::as_slice).unwrap_or_default().to_vec();
        for _ in 0..=self.below(MOST_EDITS) {
            self.edit(&mut input);
        }
        input.truncate(self.longest);
        input
    }

    /// SplitMix64: small, and good enough to choose by.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 where there is none.
    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.random() % end).unwrap_or_default()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let at = self.below(from.len());
        from.get(at)
    }

    fn edit(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        let piece = at..(at + self.below(LONGEST_PIECE)).min(input.len());
        match self.below(9) {
            0 => {
                input.drain(piece);
            }
            1 => {
                let again = input.get(piece).unwrap_or_default().to_vec();
                input.splice(at..at, again);
            }
            2 | 3 => {
                let word = self.pick(self.words).cloned().unwrap_or_default();
                input.splice(at..at, word);
            }
            4 => {
                let word = self.pick(self.words).cloned().unwrap_or_default();
                input.splice(piece, word);
            }
            5 => {
                let byte = self.pick(SHARP).copied().unwrap_or_default();
                input.insert(at, byte);
            }
            6 => {
                let bit = 1 << self.below(8);
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= bit;
                }
            }
            7 => {
                let other = self.pick(self.pool).cloned().unwrap_or_default();
                let from = self.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(other.get(from..).unwrap_or_default());
            }
            _ => self.other_digit(input),
        }
    }

    /// Numbers are where bounds are.
    fn other_digit(&mut self, input: &mut [u8]) {
        let digits: Vec<usize> =
            input.iter().enumerate().filter(|(_, byte)| byte.is_ascii_digit()).map(|(at, _)| at).collect();
        let new = self.pick(b"0123456789").copied().unwrap_or_default();
        if let Some(byte) = self.pick(&digits).and_then(|at| input.get_mut(*at)) {
            *byte = new;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_bends_the_same_inputs_and_another_does_not() {
        let (pool, words) = ([b"GET /a?b=1".to_vec(), b"{}".to_vec()], [b"word".to_vec()]);
        let run = |seed| {
            let mut bender = Bender::new(&pool, &words, 64, seed);
            (0..200).map(|_| bender.bent()).collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        assert!(run(3).iter().all(|input| input.len() <= 64));
        assert!(run(3).iter().any(|input| input.windows(4).any(|part| part == b"word")));
    }

    #[test]
    fn nothing_to_bend_is_no_failure() {
        assert!(Bender::new(&[], &[], 8, 1).bent().len() <= 8);
    }
}
