//! Interned strings: one `u32` for each distinct text of a batch.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// A text of one [`Interner`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Symbol(pub u32);

/// Texts by number, numbers by text. Numbers are given in order of first sight, so equal inputs give equal numbers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Interner {
    texts: Vec<String>,
    index: FxHashMap<String, u32>,
    bytes: usize,
}

impl PartialEq for Interner {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl From<Vec<String>> for Interner {
    fn from(texts: Vec<String>) -> Self {
        let mut interner = Interner::default();
        for text in texts {
            interner.intern(&text);
        }
        interner
    }
}

impl From<Interner> for Vec<String> {
    fn from(interner: Interner) -> Self {
        interner.texts
    }
}

impl Interner {
    /// The number of `text`, new or known.
    pub fn intern(&mut self, text: &str) -> Symbol {
        if let Some(&known) = self.index.get(text) {
            return Symbol(known);
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.bytes = self.bytes.saturating_add(text.len());
        self.texts.push(text.to_owned());
        self.index.insert(text.to_owned(), number);
        Symbol(number)
    }

    /// The number of `text`, if it was seen.
    pub fn find(&self, text: &str) -> Option<Symbol> {
        self.index.get(text).copied().map(Symbol)
    }

    /// The text of `symbol`; empty for a number of another interner.
    pub fn text(&self, symbol: Symbol) -> &str {
        self.texts.get(symbol.0 as usize).map_or("", String::as_str)
    }

    /// How many distinct texts.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Bytes of all distinct texts together.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether nothing was interned.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}
