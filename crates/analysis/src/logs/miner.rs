//! Templates mined from a stream of messages.
//!
//! In the line of Drain (He, Zhu, Zheng and Lyu, *Drain: an online log parsing approach with fixed depth tree*, ICWS
//! 2017): messages are compared only with messages of the same number of tokens, and what varies becomes `<*>`. What
//! differs: a message is first masked ([`super::mask`]) and kept under its masked text, so the common case is one
//! hash lookup; words become `<*>` not on first difference but when [`TemplateMiner::settle`] sees enough different
//! words at one place ([`super::settle`]), so `opened` and `closed` stay apart while user names do not; and the
//! outcome does not depend on the order of lines as long as the bound on templates is not reached.
//!
//! When the bound is reached the miner settles early, then drops its rarest texts into the overflow template, as
//! lossy counting does (Manku and Motwani, *Approximate frequency counts over data streams*, VLDB 2002).

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use super::mask::{HOLE, MaskLimits, mask_into};
use super::settle::{group, tokens_of};

/// Text of the template that takes what found no place.
pub const OVERFLOW: &str = "<overflow>";

/// Numbers given to texts over a miner's life, beyond which new texts go to the overflow template.
const REFS_MAX: usize = 1 << 18;
/// Ways of placing holes that are tried for one message length.
const SHAPES_MAX: usize = 16;

// SipHash with fixed keys: message text is hostile, so a hash that is trivial to collide will not do.
type Fixed = BuildHasherDefault<DefaultHasher>;

/// Bounds of a [`TemplateMiner`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinerOptions {
    /// Masked texts held at once.
    pub templates_max: usize,
    /// Bytes of a message that are read; the rest is left out.
    pub line_bytes_max: usize,
    /// Words and separators of a message that are read; the rest is left out.
    pub tokens_max: usize,
}

impl Default for MinerOptions {
    fn default() -> Self {
        MinerOptions { templates_max: 16_384, line_bytes_max: 1_024, tokens_max: 160 }
    }
}

impl MinerOptions {
    fn limits(&self) -> MaskLimits {
        MaskLimits { line_bytes_max: self.line_bytes_max, tokens_max: self.tokens_max }
    }
}

/// A template of one miner. Numbers are given in order of first sight; 0 is the overflow template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateRef(pub u32);

impl TemplateRef {
    /// The template that takes what found no place.
    pub const OVERFLOW: TemplateRef = TemplateRef(0);
}

/// Mines templates from messages, in bounded memory.
#[derive(Debug, Clone)]
pub struct TemplateMiner {
    options: MinerOptions,
    buffer: String,
    /// Masked text to number, of the texts held.
    index: HashMap<Box<str>, u32, Fixed>,
    /// By number: where it went (itself while held).
    parents: Vec<u32>,
    /// By number: lines, moved to the parent when merged.
    counts: Vec<u64>,
    /// By number: rendered text.
    texts: Vec<Box<str>>,
    /// By token count: ways holes are placed, each with the texts that have them. Filled under pressure only.
    shapes: HashMap<usize, Vec<Shape>, Fixed>,
    /// Texts held when the miner settles early.
    settle_at: usize,
}

#[derive(Debug, Clone)]
struct Shape {
    holes: Vec<usize>,
    by_hash: HashMap<u64, u32, Fixed>,
}

impl TemplateMiner {
    /// An empty miner.
    pub fn new(options: MinerOptions) -> Self {
        TemplateMiner {
            options,
            buffer: String::new(),
            index: HashMap::default(),
            parents: vec![0],
            counts: vec![0],
            texts: vec![OVERFLOW.into()],
            shapes: HashMap::default(),
            settle_at: options.templates_max.max(16),
        }
    }

    /// The template of `body`, new or known. Cost: one pass over the text and one lookup; now and then, under the
    /// pressure of more than `templates_max` different texts, one [`settle`](Self::settle).
    pub fn observe(&mut self, body: &str) -> TemplateRef {
        let mut buffer = std::mem::take(&mut self.buffer);
        mask_into(body, self.options.limits(), &mut buffer);
        let found = self.place(&buffer, 1);
        self.buffer = buffer;
        found
    }

    fn place(&mut self, masked: &str, lines: u64) -> TemplateRef {
        let number = match self.index.get(masked) {
            Some(&number) => number,
            None => match self.fitting(masked) {
                Some(number) => number,
                None => self.add(masked),
            },
        };
        if let Some(count) = self.counts.get_mut(number as usize) {
            *count += lines;
        }
        TemplateRef(number)
    }

    fn add(&mut self, masked: &str) -> u32 {
        if self.texts.len() >= REFS_MAX {
            return TemplateRef::OVERFLOW.0;
        }
        if self.index.len() >= self.settle_at {
            self.relieve();
        }
        self.insert(masked)
    }

    fn insert(&mut self, masked: &str) -> u32 {
        let Ok(number) = u32::try_from(self.texts.len()) else { return TemplateRef::OVERFLOW.0 };
        self.index.insert(masked.into(), number);
        self.texts.push(render(masked).into());
        self.parents.push(number);
        self.counts.push(0);
        number
    }

    /// The template under pressure whose words are those of `masked` and whose holes take the others.
    fn fitting(&self, masked: &str) -> Option<u32> {
        if self.shapes.is_empty() {
            return None;
        }
        let tokens = tokens_of(masked);
        let shapes = self.shapes.get(&tokens.len())?;
        shapes.iter().find_map(|shape| {
            let hash = shape_hash(tokens.iter().map(|token| token.text), &shape.holes);
            shape.by_hash.get(&hash).map(|&number| self.root(number))
        })
    }

    /// The text of a template with `<*>` where values vary: as masked before [`settle`](Self::settle), as merged after.
    pub fn template(&self, template: TemplateRef) -> &str {
        self.texts.get(self.root(template.0) as usize).map_or(OVERFLOW, |text| text)
    }

    /// The id of a template: the same text has the same id everywhere.
    pub fn id(&self, template: TemplateRef) -> String {
        midwatch_model::content_hash(&[self.template(template)])
    }

    /// What became of a template: itself, the one it was merged into, or the overflow template.
    pub fn resolve(&self, template: TemplateRef) -> TemplateRef {
        TemplateRef(self.root(template.0))
    }

    /// Lines that fell into the overflow template.
    pub fn overflow_lines(&self) -> u64 {
        self.counts.first().copied().unwrap_or(0)
    }

    /// Masked texts held.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether no text is held.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Merges templates that differ where words vary. Call it when the stream has ended; more lines may follow.
    pub fn settle(&mut self) {
        let mut held: Vec<(Box<str>, u32)> = self.index.drain().collect();
        held.sort_unstable();
        let members: Vec<&str> = held.iter().map(|(text, _)| &**text).collect();
        let groups = group(&members);
        for (masked, rows) in groups {
            let mut numbers: Vec<u32> =
                rows.iter().filter_map(|&row| held.get(row)).map(|held| held.1).collect();
            numbers.sort_unstable();
            let Some((&first, others)) = numbers.split_first() else { continue };
            // Two groups may end with one text.
            let root = match self.index.get(masked.as_str()) {
                Some(&known) => known,
                None => first,
            };
            for &other in others.iter().chain(std::iter::once(&first)) {
                self.move_into(other, root);
            }
            if let Some(text) = self.texts.get_mut(root as usize) {
                *text = render(&masked).into();
            }
            self.index.insert(masked.into(), root);
        }
    }

    fn move_into(&mut self, from: u32, root: u32) {
        if from == root {
            return;
        }
        let (from, root) = (from as usize, root as usize);
        let lines = std::mem::take(&mut self.counts[from]);
        self.counts[root] += lines;
        self.parents[from] = root as u32;
        self.texts[from] = "".into();
    }

    fn root(&self, number: u32) -> u32 {
        let mut at = number;
        // Parents are older settlings' roots: chains are as short as the number of settlings.
        while let Some(&parent) = self.parents.get(at as usize) {
            if parent == at {
                break;
            }
            at = parent;
        }
        at
    }

    /// Settles, then drops the rarest texts until a quarter of the room is free, and remembers the shapes found.
    fn relieve(&mut self) {
        self.settle();
        let room = self.settle_at - self.settle_at / 4;
        if self.index.len() > room {
            let mut held: Vec<(u64, Box<str>, u32)> = self
                .index
                .drain()
                .map(|(text, number)| (self.counts.get(number as usize).copied().unwrap_or(0), text, number))
                .collect();
            held.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            for (place, (_, text, number)) in held.into_iter().enumerate() {
                if place < room {
                    self.index.insert(text, number);
                } else {
                    self.move_into(number, TemplateRef::OVERFLOW.0);
                }
            }
        }
        self.remember_shapes();
    }

    fn remember_shapes(&mut self) {
        self.shapes.clear();
        let mut held: Vec<(&str, u32)> = self.index.iter().map(|(text, &number)| (&**text, number)).collect();
        held.sort_unstable();
        for (text, number) in held {
            let tokens = tokens_of(text);
            let is_hole = |text: &str| text.len() == 1 && text.starts_with(HOLE);
            let holes: Vec<usize> = tokens
                .iter()
                .enumerate()
                .filter(|(_, token)| is_hole(token.text))
                .map(|(at, _)| at)
                .collect();
            if holes.is_empty() || holes.len() * 2 > tokens.len() {
                continue;
            }
            let hash = shape_hash(tokens.iter().map(|token| token.text), &holes);
            let shapes = self.shapes.entry(tokens.len()).or_default();
            if let Some(shape) = shapes.iter_mut().find(|shape| shape.holes == holes) {
                shape.by_hash.entry(hash).or_insert(number);
            } else if shapes.len() < SHAPES_MAX {
                shapes.push(Shape { holes, by_hash: HashMap::from_iter([(hash, number)]) });
            }
        }
    }

    /// Takes in what another miner saw and returns, by its numbers, the numbers here. Below the bound on templates,
    /// merging then settling gives the templates of having seen both streams in any order.
    pub fn merge(&mut self, other: &TemplateMiner) -> Vec<TemplateRef> {
        let mut held: Vec<(&str, u32)> =
            other.index.iter().map(|(text, &number)| (&**text, number)).collect();
        held.sort_unstable_by_key(|&(_, number)| number);
        let mut numbers = vec![TemplateRef::OVERFLOW; other.texts.len()];
        for (text, number) in held {
            let lines = other.counts.get(number as usize).copied().unwrap_or(0);
            let here = self.place(text, lines);
            if let Some(slot) = numbers.get_mut(number as usize) {
                *slot = here;
            }
        }
        if let Some(count) = self.counts.first_mut() {
            *count += other.overflow_lines();
        }
        (0..other.texts.len() as u32)
            .map(|number| numbers.get(other.root(number) as usize).copied().unwrap_or(TemplateRef::OVERFLOW))
            .map(|here| self.resolve(here))
            .collect()
    }
}

fn shape_hash<'t>(tokens: impl Iterator<Item = &'t str>, holes: &[usize]) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut holes = holes.iter().peekable();
    for (at, token) in tokens.enumerate() {
        if holes.peek() == Some(&&at) {
            holes.next();
        } else {
            token.hash(&mut hasher);
        }
    }
    hasher.finish()
}

fn render(masked: &str) -> String {
    masked.replace(HOLE, "<*>")
}
