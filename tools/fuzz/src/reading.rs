//! What a decoder made of an input, as far as it matters here.

use std::fmt::{Debug, Write};

/// What came of one input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Whether it was accepted as something.
    pub(crate) accepted: bool,
    /// Bytes of everything that came out, written for debugging.
    pub(crate) bytes: u64,
    /// Stands for those bytes.
    pub(crate) digest: u64,
}

/// Gathers what comes out, without keeping it.
#[derive(Debug)]
pub(crate) struct Gathered {
    reading: Reading,
}

impl Default for Gathered {
    fn default() -> Gathered {
        Gathered { reading: Reading { digest: 0xcbf2_9ce4_8422_2325, ..Reading::default() } }
    }
}

impl Write for Gathered {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.reading.bytes += text.len() as u64;
        // FNV-1a over words of eight bytes: only equality matters.
        for word in text.as_bytes().chunks(8) {
            let mut padded = [0; 8];
            padded.iter_mut().zip(word).for_each(|(place, byte)| *place = *byte);
            let word = u64::from_le_bytes(padded) ^ text.len() as u64;
            self.reading.digest = (self.reading.digest ^ word).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}

impl Gathered {
    /// Takes `value` in; `accepted` says whether it is something.
    pub(crate) fn take(&mut self, value: &impl Debug, accepted: bool) {
        self.reading.accepted |= accepted;
        let _ = write!(self, "{value:?}");
    }

    /// What came of it.
    pub(crate) fn finish(self) -> Reading {
        self.reading
    }
}

/// What came of `value`, accepted when it is there.
pub(crate) fn of<T: Debug>(value: &Option<T>) -> Reading {
    let mut gathered = Gathered::default();
    gathered.take(value, value.is_some());
    gathered.finish()
}
