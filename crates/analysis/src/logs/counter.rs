//! Counts lines by template, entity, level and time while they stream past.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;

use super::mask::cut;
use super::{
    Exemplar, LogLevel, LogPattern, LogPatterns, LogRow, MinerOptions, OVERFLOW, TemplateMiner, TemplateRef,
};

type Fixed = BuildHasherDefault<DefaultHasher>;

/// Bounds of a [`PatternCounter`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterOptions {
    /// Width of a bin in nanoseconds, at least 1. Doubled as often as `bins_max` demands.
    pub bin_ns: i64,
    /// Lines kept of each pattern beside the last one.
    pub exemplars_max: usize,
    /// Bytes kept of an exemplar's body.
    pub body_bytes_max: usize,
    /// Further fields kept of an exemplar.
    pub fields_max: usize,
    /// Bytes kept of a field's value (its key gets a quarter of that).
    pub field_bytes_max: usize,
    /// Bytes kept of all exemplars together; past it lines are counted and not kept.
    pub exemplar_bytes_max: usize,
    /// Combinations of template, entity and level; past it lines count as overflow.
    pub patterns_max: usize,
    /// Distinct entities; past it lines count to the entity with the empty name.
    pub entities_max: usize,
    /// Bins of all patterns together; past it bins double in width.
    pub bins_max: usize,
    /// Bounds of the miner.
    pub miner: MinerOptions,
}

impl Default for CounterOptions {
    fn default() -> Self {
        CounterOptions {
            bin_ns: 60_000_000_000,
            exemplars_max: 3,
            body_bytes_max: 4_096,
            fields_max: 32,
            field_bytes_max: 1_024,
            exemplar_bytes_max: 48 << 20,
            patterns_max: 32_768,
            entities_max: 16_384,
            bins_max: 1 << 20,
            miner: MinerOptions::default(),
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Tally {
    total: u64,
    bins: BTreeMap<i64, u64>,
    /// Number of the bin counted last and its lines not yet in `bins`.
    open: Option<(i64, u64)>,
    first: Vec<(u64, Exemplar)>,
    last: Option<(u64, Exemplar)>,
}

type Key = (TemplateRef, u32, LogLevel);

/// Streams lines into [`LogPatterns`], in bounded memory whatever the lines hold.
#[derive(Debug, Clone)]
pub struct PatternCounter {
    options: CounterOptions,
    miner: TemplateMiner,
    entities: HashMap<Box<str>, u32, Fixed>,
    last_entity: (String, u32),
    places: HashMap<Key, u32, Fixed>,
    tallies: Vec<(Key, Tally)>,
    bin_ns: i64,
    bins: usize,
    exemplar_bytes: usize,
    lines: u64,
}

impl PatternCounter {
    /// An empty counter.
    pub fn new(options: CounterOptions) -> Self {
        let mut counter = PatternCounter {
            miner: TemplateMiner::new(options.miner),
            bin_ns: options.bin_ns.max(1),
            options,
            entities: HashMap::default(),
            last_entity: (String::new(), 0),
            places: HashMap::default(),
            tallies: Vec::new(),
            bins: 0,
            exemplar_bytes: 0,
            lines: 0,
        };
        counter.entities.insert("".into(), 0);
        counter
    }

    /// Counts one line. `fields` and `link` are read only when the line is kept as an exemplar.
    pub fn observe<'f>(
        &mut self,
        line: LogRow<'_>,
        fields: impl Iterator<Item = (&'f str, &'f str)>,
        link: impl FnOnce() -> Option<String>,
    ) {
        self.lines += 1;
        let template = self.miner.observe(line.body);
        let entity = self.entity(line.entity);
        let place = self.place((template, entity, line.level));
        let Some((_, tally)) = self.tallies.get_mut(place) else { return };
        tally.total += 1;
        if let Some(time_ns) = line.time_ns {
            let bin = time_ns.div_euclid(self.bin_ns);
            match &mut tally.open {
                Some((open, count)) if *open == bin => *count += 1,
                open => {
                    if let Some((bin, count)) = open.replace((bin, 1)) {
                        let before = tally.bins.len();
                        *tally.bins.entry(bin).or_default() += count;
                        self.bins += tally.bins.len() - before;
                    }
                }
            }
        }
        self.keep(place, line, fields, link);
        while self.bins > self.options.bins_max && self.bin_ns <= i64::MAX / 4 {
            self.widen();
        }
    }

    fn keep<'f>(
        &mut self,
        place: usize,
        line: LogRow<'_>,
        fields: impl Iterator<Item = (&'f str, &'f str)>,
        link: impl FnOnce() -> Option<String>,
    ) {
        let options = self.options;
        let Some((_, tally)) = self.tallies.get_mut(place) else { return };
        let spent = &mut self.exemplar_bytes;
        let old_bytes = tally.last.as_ref().map_or(0, |(_, last)| bytes_of(last));
        let is_first = tally.first.len() < options.exemplars_max;
        if *spent >= options.exemplar_bytes_max && (is_first || tally.last.is_none()) {
            return;
        }
        if is_first {
            let exemplar = exemplar(line, fields, link(), &options);
            *spent += bytes_of(&exemplar);
            tally.first.push((self.lines, exemplar));
            return;
        }
        match &mut tally.last {
            Some((number, last)) => {
                *number = self.lines;
                refill(last, line, fields, link(), &options);
                *spent = (*spent - old_bytes) + bytes_of(last);
            }
            None => {
                let exemplar = exemplar(line, fields, link(), &options);
                *spent += bytes_of(&exemplar);
                tally.last = Some((self.lines, exemplar));
            }
        }
    }

    fn entity(&mut self, name: &str) -> u32 {
        if self.last_entity.0 == name {
            return self.last_entity.1;
        }
        let name = cut(name, 256);
        let number = match self.entities.get(name) {
            Some(&number) => number,
            None if self.entities.len() >= self.options.entities_max => 0,
            None => {
                let number = u32::try_from(self.entities.len()).unwrap_or(0);
                self.entities.insert(name.into(), number);
                number
            }
        };
        self.last_entity.0.clear();
        self.last_entity.0.push_str(name);
        self.last_entity.1 = number;
        number
    }

    fn place(&mut self, key: Key) -> usize {
        if let Some(&place) = self.places.get(&key) {
            return place as usize;
        }
        if self.tallies.len() >= self.options.patterns_max {
            self.compact();
        }
        let mut key = key;
        if self.tallies.len() >= self.options.patterns_max {
            key = (TemplateRef::OVERFLOW, 0, LogLevel::Unknown);
            if let Some(&place) = self.places.get(&key) {
                return place as usize;
            }
        }
        let place = self.tallies.len();
        self.places.insert(key, place as u32);
        self.tallies.push((key, Tally::default()));
        place
    }

    /// Joins the tallies of templates that the miner merged; drops the rarest into the overflow template until a
    /// quarter of the room is free.
    fn compact(&mut self) {
        let mut merged: BTreeMap<Key, Tally> = BTreeMap::new();
        for ((template, entity, level), tally) in std::mem::take(&mut self.tallies) {
            join(
                merged.entry((self.miner.resolve(template), entity, level)).or_default(),
                tally,
                &self.options,
            );
        }
        let room = self.options.patterns_max - self.options.patterns_max / 4;
        let mut tallies: Vec<(Key, Tally)> = merged.into_iter().collect();
        tallies.sort_by(|a, b| b.1.total.cmp(&a.1.total).then_with(|| a.0.cmp(&b.0)));
        let mut overflow = Tally::default();
        for (_, tally) in tallies.drain(room.min(tallies.len())..) {
            join(&mut overflow, tally, &self.options);
        }
        if overflow.total > 0 {
            let key = (TemplateRef::OVERFLOW, 0, LogLevel::Unknown);
            match tallies.iter_mut().find(|(known, _)| *known == key) {
                Some((_, tally)) => join(tally, overflow, &self.options),
                None => tallies.push((key, overflow)),
            }
        }
        self.places = tallies.iter().enumerate().map(|(place, (key, _))| (*key, place as u32)).collect();
        self.bins = tallies.iter().map(|(_, tally)| tally.bins.len()).sum();
        self.exemplar_bytes = tallies
            .iter()
            .flat_map(|(_, tally)| tally.first.iter().chain(&tally.last))
            .map(|(_, exemplar)| bytes_of(exemplar))
            .sum();
        self.tallies = tallies;
    }

    /// Doubles the width of all bins.
    fn widen(&mut self) {
        self.bin_ns *= 2;
        self.bins = 0;
        for (_, tally) in &mut self.tallies {
            let mut bins: BTreeMap<i64, u64> = BTreeMap::new();
            for (bin, count) in std::mem::take(&mut tally.bins) {
                *bins.entry(bin.div_euclid(2)).or_default() += count;
            }
            tally.bins = bins;
            tally.open = tally.open.map(|(bin, count)| (bin.div_euclid(2), count));
            self.bins += tally.bins.len();
        }
    }

    /// Lines counted so far.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// The patterns, sorted by entity, template and level; templates that ended with the same text are one. `bin_ns`
    /// may be wider than asked for (always by a power of two). Lines that found no place are in patterns of the
    /// template [`OVERFLOW`].
    pub fn into_patterns(mut self) -> LogPatterns {
        self.miner.settle();
        let mut names: Vec<&str> = vec![""; self.entities.len()];
        for (name, &number) in &self.entities {
            if let Some(slot) = names.get_mut(number as usize) {
                *slot = name;
            }
        }
        let mut merged: BTreeMap<(&str, &str, LogLevel), Tally> = BTreeMap::new();
        for ((template, entity, level), tally) in self.tallies {
            let name = names.get(entity as usize).copied().unwrap_or("");
            let key = (name, self.miner.template(template), level);
            join(merged.entry(key).or_default(), tally, &self.options);
        }
        let mut overflow_lines = 0;
        let mut patterns = Vec::with_capacity(merged.len());
        for ((entity, template, level), mut tally) in merged {
            if template == OVERFLOW {
                overflow_lines += tally.total;
            }
            close(&mut tally);
            let bin_ns = self.bin_ns;
            patterns.push(LogPattern {
                id: midwatch_model::content_hash(&[template]),
                template: template.to_owned(),
                entity: entity.to_owned(),
                level,
                total: tally.total,
                bins: tally
                    .bins
                    .into_iter()
                    .map(|(bin, count)| (bin.saturating_mul(bin_ns), count))
                    .collect(),
                stated: None,
                exemplars: tally.first.into_iter().chain(tally.last).map(|(_, exemplar)| exemplar).collect(),
            });
        }
        LogPatterns { bin_ns: self.bin_ns, patterns, lines: self.lines, overflow_lines }
    }
}

fn close(tally: &mut Tally) {
    if let Some((bin, count)) = tally.open.take() {
        *tally.bins.entry(bin).or_default() += count;
    }
}

fn join(into: &mut Tally, mut from: Tally, options: &CounterOptions) {
    close(into);
    close(&mut from);
    into.total += from.total;
    for (bin, count) in from.bins {
        *into.bins.entry(bin).or_default() += count;
    }
    into.first.append(&mut from.first);
    into.first.extend(into.last.take());
    into.first.extend(from.last);
    into.first.sort_by_key(|(number, _)| *number);
    if into.first.len() > options.exemplars_max {
        into.last = into.first.pop();
        into.first.truncate(options.exemplars_max);
    }
}

fn bytes_of(exemplar: &Exemplar) -> usize {
    let fields: usize = exemplar.fields.iter().map(|(key, value)| key.len() + value.len() + 96).sum();
    128 + exemplar.body.len() + fields + exemplar.link.as_ref().map_or(0, String::len)
}

fn exemplar<'f>(
    line: LogRow<'_>,
    fields: impl Iterator<Item = (&'f str, &'f str)>,
    link: Option<String>,
    options: &CounterOptions,
) -> Exemplar {
    let mut exemplar = Exemplar { time_ns: None, body: String::new(), fields: BTreeMap::new(), link: None };
    refill(&mut exemplar, line, fields, link, options);
    exemplar
}

fn refill<'f>(
    exemplar: &mut Exemplar,
    line: LogRow<'_>,
    fields: impl Iterator<Item = (&'f str, &'f str)>,
    link: Option<String>,
    options: &CounterOptions,
) {
    exemplar.time_ns = line.time_ns;
    exemplar.body.clear();
    exemplar.body.push_str(cut(line.body, options.body_bytes_max));
    exemplar.fields.clear();
    for (key, value) in fields.take(options.fields_max) {
        let key = cut(key, options.field_bytes_max / 4).to_owned();
        exemplar.fields.insert(key, cut(value, options.field_bytes_max).to_owned());
    }
    exemplar.link = link;
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_NS: i64 = 60_000_000_000;

    fn line(time_ns: Option<i64>, level: LogLevel, body: &str) -> LogRow<'_> {
        LogRow { time_ns, entity: "svc-a", level, body }
    }

    fn count(counter: &mut PatternCounter, row: LogRow<'_>) {
        counter.observe(row, std::iter::empty(), || None);
    }

    #[test]
    fn lines_are_counted_by_template_level_and_minute() {
        let mut counter = PatternCounter::new(CounterOptions::default());
        for second in 0..130 {
            let body = format!("took {second} ms for order {}", second * 7);
            count(&mut counter, line(Some(second * 1_000_000_000), LogLevel::Info, &body));
        }
        count(&mut counter, line(None, LogLevel::Error, "took 5 ms for order 8"));
        let patterns = counter.into_patterns();
        let [info, error] = patterns.patterns.as_slice() else { panic!("{:?}", patterns.patterns) };
        let template = "took <*> for order <*>";
        assert_eq!((info.template.as_str(), info.level, info.total), (template, LogLevel::Info, 130));
        assert_eq!(info.bins, [(0, 60), (MINUTE_NS, 60), (2 * MINUTE_NS, 10)]);
        assert_eq!((error.template.as_str(), error.level, error.total), (template, LogLevel::Error, 1));
        assert!(error.bins.is_empty());
        assert_eq!((patterns.lines, patterns.overflow_lines, patterns.bin_ns), (131, 0, MINUTE_NS));
        let bodies: Vec<&str> = info.exemplars.iter().map(|kept| kept.body.as_str()).collect();
        assert_eq!(
            bodies,
            [
                "took 0 ms for order 0",
                "took 1 ms for order 7",
                "took 2 ms for order 14",
                "took 129 ms for order 903"
            ]
        );
    }

    #[test]
    fn words_that_vary_become_one_pattern_with_the_first_and_last_lines() {
        let mut counter =
            PatternCounter::new(CounterOptions { exemplars_max: 1, ..CounterOptions::default() });
        for name in ["ann", "bob", "cyd", "dan", "eve"] {
            let body = format!("login of {name} refused by policy");
            let fields = [("who", name)];
            counter.observe(line(Some(0), LogLevel::Warn, &body), fields.into_iter(), || {
                Some(format!("#{name}"))
            });
        }
        let patterns = counter.into_patterns();
        assert_eq!(patterns.patterns.len(), 1);
        let pattern = &patterns.patterns[0];
        assert_eq!((pattern.template.as_str(), pattern.total), ("login of <*> refused by policy", 5));
        assert_eq!(pattern.id, midwatch_model::content_hash(&["login of <*> refused by policy"]));
        let kept: Vec<(&str, Option<&str>)> = pattern
            .exemplars
            .iter()
            .map(|kept| (kept.fields["who"].as_str(), kept.link.as_deref()))
            .collect();
        assert_eq!(kept, [("ann", Some("#ann")), ("eve", Some("#eve"))]);
    }

    #[test]
    fn hostile_lines_end_in_overflow_and_nothing_is_lost() {
        let options = CounterOptions {
            patterns_max: 64,
            entities_max: 8,
            bins_max: 100,
            exemplar_bytes_max: 10_000,
            miner: MinerOptions { templates_max: 100, ..MinerOptions::default() },
            ..CounterOptions::default()
        };
        let mut counter = PatternCounter::new(options);
        let mut state = 7_u64;
        let mut word = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (0..6).map(|at| char::from(b'a' + ((state >> (8 * at)) % 26) as u8)).collect::<String>()
        };
        for number in 0..5_000_i64 {
            let body = format!("{} {} {} {}", word(), word(), word(), word());
            let time = (number * 7_919).wrapping_mul(i64::MAX / 9_973);
            let row = LogRow { time_ns: Some(time), entity: &word(), level: LogLevel::Info, body: &body };
            count(&mut counter, row);
            if number % 10 == 0 {
                count(&mut counter, line(Some(number), LogLevel::Error, "the steady message of the day"));
            }
        }
        let exemplar_bytes = counter.exemplar_bytes;
        let patterns = counter.into_patterns();
        assert_eq!(patterns.patterns.iter().map(|pattern| pattern.total).sum::<u64>(), 5_500);
        let binned: u64 =
            patterns.patterns.iter().flat_map(|pattern| &pattern.bins).map(|(_, count)| count).sum();
        assert_eq!(binned, 5_500);
        assert!(patterns.overflow_lines > 4_000 && patterns.patterns.len() <= 65 + 9);
        assert!(patterns.patterns.iter().map(|pattern| pattern.bins.len()).sum::<usize>() <= 100 + 65);
        assert!(exemplar_bytes < 20_000);
        let steady: u64 = patterns
            .patterns
            .iter()
            .filter(|pattern| pattern.template.starts_with("the steady"))
            .map(|pattern| pattern.total)
            .sum();
        assert_eq!(steady, 500);
    }
}
