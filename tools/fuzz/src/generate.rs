//! Inputs: a seed of the corpus with a few edits, or bytes out of nowhere. Case `n` of a decoder is the same bytes on every
//! machine, whatever was tried before it.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::edits::{EDITS, apply};

/// Bytes of an input; longer ones are cut.
pub(crate) const INPUT_BYTES_MAX: usize = 8 * 1024;

/// How an input comes about.
#[derive(Debug, Clone)]
pub(crate) enum Plan {
    /// Bytes that follow no rule.
    Raw(Vec<u8>),
    /// A seed, and what is done to it.
    Edited {
        /// Which seed, modulo their number.
        seed: u16,
        /// What is done, in order.
        edits: Vec<Edit>,
    },
}

/// One edit: which sort, two numbers that say where and with what, one that says how much.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Edit {
    /// Place in [`EDITS`].
    pub(crate) sort: u8,
    /// Where, modulo the length.
    pub(crate) at: u32,
    /// With what, modulo the choices.
    pub(crate) with: u32,
    /// How much.
    pub(crate) much: u8,
}

fn plans() -> impl Strategy<Value = Plan> {
    let sorts = u8::try_from(EDITS.len()).unwrap_or(u8::MAX);
    let edit = (0..sorts, any::<u32>(), any::<u32>(), any::<u8>()).prop_map(|(sort, at, with, much)| Edit {
        sort,
        at,
        with,
        much,
    });
    let edited = (any::<u16>(), proptest::collection::vec(edit, 0..5))
        .prop_map(|(seed, edits)| Plan::Edited { seed, edits });
    let raw = proptest::collection::vec(any::<u8>(), 0..256).prop_map(Plan::Raw);
    prop_oneof![15 => edited, 1 => raw]
}

/// Makes the cases of one decoder.
pub(crate) struct Generator {
    seeds: Vec<Vec<u8>>,
    config: Config,
    key: u64,
}

/// A case that can be made smaller step by step.
pub(crate) struct Case<'g> {
    tree: Box<dyn ValueTree<Value = Plan>>,
    seeds: &'g [Vec<u8>],
}

impl Generator {
    /// The cases that `seed` gives for the decoder called `name` with its corpus.
    pub(crate) fn new(name: &str, seed: u64, seeds: Vec<Vec<u8>>) -> Generator {
        // FNV-1a of the name, so that two decoders with one corpus see different cases.
        let key = name.bytes().fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let config = Config { failure_persistence: None, ..Config::default() };
        Generator { seeds, config, key }
    }

    /// Case `number`.
    pub(crate) fn case(&self, number: u64) -> Option<Case<'_>> {
        let mut bytes = [0; 32];
        for (place, byte) in
            bytes.iter_mut().zip(self.key.to_le_bytes().into_iter().chain(number.to_le_bytes()))
        {
            *place = byte;
        }
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(self.config.clone(), rng);
        let tree = plans().boxed().new_tree(&mut runner).ok()?;
        Some(Case { tree, seeds: &self.seeds })
    }
}

impl Case<'_> {
    /// Its bytes.
    pub(crate) fn input(&self) -> Vec<u8> {
        let mut input = match self.tree.current() {
            Plan::Raw(bytes) => bytes,
            Plan::Edited { seed, edits } => {
                let chosen = usize::from(seed) % self.seeds.len().max(1);
                let mut input = self.seeds.get(chosen).cloned().unwrap_or_default();
                for edit in edits {
                    apply(&mut input, edit, self.seeds);
                    input.truncate(INPUT_BYTES_MAX);
                }
                input
            }
        };
        input.truncate(INPUT_BYTES_MAX);
        input
    }

    /// The smallest form for which `fails` still says yes, in at most 400 tries.
    pub(crate) fn smallest(mut self, mut fails: impl FnMut(&[u8]) -> bool) -> Vec<u8> {
        let mut smallest = self.input();
        for _ in 0..400 {
            let stepped = if fails(&self.input()) {
                smallest = self.input();
                self.tree.simplify()
            } else {
                self.tree.complicate()
            };
            if !stepped {
                break;
            }
        }
        smallest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_the_same_bytes_whatever_came_before_and_fits() {
        let seeds = vec![b"{\"a\": [1, 2, 3]}\n".to_vec(), b"a,b\n1,2\n".to_vec()];
        let generator = Generator::new("x", 1, seeds.clone());
        let inputs: Vec<Vec<u8>> = (0..500).map(|number| generator.case(number).unwrap().input()).collect();
        let again = Generator::new("x", 1, seeds.clone());
        for number in (0..500_u64).rev() {
            assert_eq!(again.case(number).unwrap().input(), inputs[usize::try_from(number).unwrap()]);
        }
        assert!(inputs.iter().all(|input| input.len() <= INPUT_BYTES_MAX));
        let mut different = inputs.clone();
        different.sort();
        different.dedup();
        assert!(different.len() > 250, "{} different inputs of 500", different.len());
        assert_ne!(inputs[7], Generator::new("y", 1, seeds).case(7).unwrap().input());
    }

    #[test]
    fn a_failing_case_is_made_smaller() {
        let generator = Generator::new("x", 1, vec![b"needle".repeat(20)]);
        let case = (0..).find_map(|number| {
            generator
                .case(number)
                .filter(|case| case.input().len() > 500 && case.input().starts_with(b"needle"))
        });
        let case = case.unwrap();
        let before = case.input().len();
        let smallest = case.smallest(|input| input.windows(6).any(|window| window == b"needle"));
        assert!(smallest.len() <= 200 && smallest.len() < before, "{before} → {}", smallest.len());
    }
}
