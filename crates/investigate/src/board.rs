//! Everything an investigation has gathered so far, merged in plan order.

use std::collections::{BTreeMap, BTreeSet};

use midwatch_model::{
    Change, ChangeId, Chart, Claim, ContentId, Damage, EntityId, EntityKind, Evidence, EvidenceId, Finding,
    FindingId, Gap, Measure, Relation, Round, Signal, SourceNote, Step, Timestamp, TrailStep,
};
use serde::{Deserialize, Serialize};

/// Seconds that clocks of a deploy system and of telemetry may differ without either being wrong.
pub const CLOCK_TOLERANCE_S: i64 = 60;

/// Share of requests that failed at an entity, over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailedShare {
    /// Where.
    pub entity: EntityId,
    /// Metric it was read from.
    pub metric: String,
    /// Nanoseconds, share from 0 to 1, and requests per second where they are known.
    pub points: Vec<(i64, f64, Option<f64>)>,
    /// What it rests on.
    pub evidence: EvidenceId,
}

/// One thing a diff does to behaviour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Behaviour {
    /// Kind from the vocabulary of diff reading, such as `limit_removed`.
    pub kind: String,
    /// How much behaviour it changes, 0 to 1.
    pub weight: f64,
    /// One sentence that quotes it.
    pub text: String,
}

/// Something a diff and the symptom share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TiedTo {
    /// What they share, in words.
    pub text: String,
    /// How telling it is, 0 to 1.
    pub strength: f64,
    /// Where the symptom shows it.
    pub evidence: Vec<EvidenceId>,
}

/// What a diff does, with what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The commit or configuration change.
    pub change: ChangeId,
    /// What it does to behaviour, weightiest first.
    pub behaviours: Vec<Behaviour>,
    /// How much behaviour changes in all; 0 for comments, formatting, documents and tests.
    pub weight: f64,
    /// Whether it does nothing to behaviour.
    pub inert: bool,
    /// Why it is read so.
    pub reason: String,
    /// What it shares with the symptom, strongest first.
    pub ties: Vec<TiedTo>,
    /// The diff as evidence.
    pub evidence: EvidenceId,
}

/// A word of the symptom, weighted by how telling it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SymptomWord {
    /// The word, lower case.
    pub word: String,
    /// Rarity: 0 for words normal operation is full of, about 1 for words met only in the symptom.
    pub weight: f64,
    /// Where it was read.
    pub evidence: EvidenceId,
}

/// How often a message of trouble was logged before and after the onset, whether it changed or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MessageCount {
    /// Who logs it.
    pub entity: EntityId,
    /// Lines of it, as cited by the findings about it.
    pub evidence: EvidenceId,
    /// Concepts it speaks of, sorted.
    pub concepts: Vec<String>,
    /// Its telling words, sorted.
    pub words: Vec<String>,
    /// Lines seen since the onset.
    pub seen: f64,
    /// Lines there would be since the onset at the baseline's rate.
    pub expected: f64,
}

/// A metric of an entity that was seen, whatever it says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesSeen {
    /// Whose.
    pub entity: EntityId,
    /// Its name.
    pub metric: String,
    /// The longest stretch without points inside the window, in nanoseconds, when it is long for how it is sampled.
    pub hole: Option<(i64, i64)>,
}

/// Spans of an entity that name a parent which was not captured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parentless {
    /// Whose spans.
    pub entity: EntityId,
    /// How many name such a parent.
    pub orphans: u64,
    /// Of how many.
    pub spans: u64,
}

/// A version that a program said it runs, in the line it logs when it starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VersionSeen {
    /// Which program.
    pub entity: EntityId,
    /// The version, without a leading `v`.
    pub version: String,
    /// The first such line.
    pub at: Timestamp,
    /// That line.
    pub evidence: EvidenceId,
}

/// How far a clock was found to be off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockSeen {
    /// Whose clock.
    pub entity: EntityId,
    /// Nanoseconds it is ahead; negative when behind.
    pub offset_ns: i64,
    /// What it was held against, with how many pairs and how they vary, in words.
    pub against: String,
}

/// Requests of an entity in each eighth of the window.
pub type Eighths = [f64; 8];

/// What one agent answered to one question.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StepAnswer {
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// What it found.
    pub findings: Vec<Finding>,
    /// What was missing.
    pub gaps: Vec<Gap>,
    /// Relations it saw.
    pub relations: Vec<Relation>,
    /// Entities it met, named as the sources name them.
    pub entities: Vec<EntityId>,
    /// Entities that a source declares, with the kinds it gives them.
    pub declared: Vec<EntityId>,
    /// Which signals it saw of which entities, whatever these say.
    pub seen: BTreeSet<(Signal, EntityId)>,
    /// Metrics that were seen, whatever they say.
    pub series: Vec<SeriesSeen>,
    /// The first point of any of them.
    pub first: Option<Timestamp>,
    /// Spans whose parents were not captured, by entity.
    pub parentless: Vec<Parentless>,
    /// Versions that programs said they run.
    pub versions: Vec<VersionSeen>,
    /// Flags that spans carry with more than one value.
    pub flags: BTreeSet<String>,
    /// Clocks that are off.
    pub clocks: Vec<ClockSeen>,
    /// Requests that metrics count, over the eighths of the window.
    pub requests: Vec<(EntityId, Eighths)>,
    /// Requests that spans show likewise.
    pub traced: Vec<(EntityId, Eighths)>,
    /// What the data say of their being a sample, in sentences.
    pub sampled: Vec<String>,
    /// Shares of failed requests.
    pub failed_shares: Vec<FailedShare>,
    /// Operations that are hit, worst first.
    pub operations: Vec<String>,
    /// Changes of the window.
    pub changes: Vec<Change>,
    /// Evidence of each change.
    pub change_evidence: Vec<(ChangeId, EvidenceId)>,
    /// Diffs that were read.
    pub readings: Vec<Reading>,
    /// Words of the symptom.
    pub words: Vec<SymptomWord>,
    /// How often messages of trouble were logged, before and after.
    pub messages: Vec<MessageCount>,
    /// Documents that name something involved.
    pub documents: Vec<Claim>,
    /// Series worth drawing.
    pub charts: Vec<Chart>,
    /// Everything that was cut, with totals.
    pub truncated: Vec<String>,
    /// Queries that were sent.
    pub queries: Vec<String>,
}

/// What the firing alerts speak of, in their labels, annotations and sentences.
#[derive(Debug, Clone, Default)]
pub struct Alerted {
    /// Their target and every word that could be a name, as names are compared.
    pub names: BTreeSet<String>,
    /// Measures that they name.
    pub measures: BTreeSet<Measure>,
}

impl Alerted {
    /// Whether they name an entity of this name.
    pub fn names(&self, name: &str) -> bool {
        self.names.contains(&squash(name))
    }

    /// Whether they say of the finding's entity that its measure is out of order: they name both.
    pub fn speaks_of(&self, finding: &Finding) -> bool {
        self.names(&finding.entity.name)
            && finding.measure.is_some_and(|measure| self.measures.contains(&measure))
    }
}

/// Everything gathered so far.
#[derive(Debug, Clone, Default)]
pub struct Board {
    /// Evidence by id.
    pub evidence: BTreeMap<EvidenceId, Evidence>,
    /// Findings by id.
    pub findings: BTreeMap<FindingId, Finding>,
    /// Relations, each once.
    pub relations: Vec<Relation>,
    /// Entities met.
    pub entities: Vec<EntityId>,
    /// Entities that sources declare, with the kinds these give them.
    pub declared: BTreeSet<EntityId>,
    /// Which signals of which entities were seen, whatever these say.
    pub seen: BTreeSet<(Signal, EntityId)>,
    /// Metrics that were seen, whatever they say: their longest holes, where they have any.
    pub series: BTreeMap<(EntityId, String), Option<(i64, i64)>>,
    /// The first point of any of them.
    pub first: Option<Timestamp>,
    /// Spans whose parents were not captured, by entity.
    pub parentless: Vec<Parentless>,
    /// Versions that programs said they run.
    pub versions: Vec<VersionSeen>,
    /// Flags that spans carry with more than one value.
    pub flags: BTreeSet<String>,
    /// Clocks that are off.
    pub clocks: Vec<ClockSeen>,
    /// Requests that metrics count, over the eighths of the window.
    pub requests: BTreeMap<EntityId, Eighths>,
    /// Requests that spans show likewise.
    pub traced: BTreeMap<EntityId, Eighths>,
    /// What the data say of their being a sample, in sentences.
    pub sampled: BTreeSet<String>,
    /// Gaps, each once.
    pub gaps: Vec<Gap>,
    /// Rows that could not be read.
    pub damage: Vec<Damage>,
    /// Shares of failed requests.
    pub failed_shares: Vec<FailedShare>,
    /// Operations that are hit.
    pub operations: Vec<String>,
    /// Changes by id.
    pub changes: BTreeMap<ChangeId, Change>,
    /// Evidence of each change.
    pub change_evidence: BTreeMap<ChangeId, EvidenceId>,
    /// Diffs that were read, by change.
    pub readings: BTreeMap<ChangeId, Reading>,
    /// Words of the symptom.
    pub words: Vec<SymptomWord>,
    /// How often messages of trouble were logged, before and after.
    pub messages: Vec<MessageCount>,
    /// When the first alert fired.
    pub fired_at: Option<Timestamp>,
    /// What the firing alerts speak of.
    pub alerted: Alerted,
    /// Documents that name something involved.
    pub documents: Vec<Claim>,
    /// Series worth drawing.
    pub charts: Vec<Chart>,
    /// What the sources say of their input besides damage.
    pub notes: Vec<SourceNote>,
    /// What the investigation as a whole left out for size, with totals.
    pub cuts: Vec<String>,
    /// Steps as they went.
    pub trail: Vec<TrailStep>,
}

impl Board {
    /// Takes over what a step answered.
    pub fn merge(&mut self, answer: StepAnswer) {
        for evidence in answer.evidence {
            self.evidence.entry(evidence.id.clone()).or_insert(evidence);
        }
        for finding in answer.findings {
            self.findings.entry(finding.id.clone()).or_insert(finding);
        }
        for relation in answer.relations {
            let known = self
                .relations
                .iter_mut()
                .find(|r| (&r.from, &r.to, r.kind) == (&relation.from, &relation.to, relation.kind));
            match known {
                Some(known) => {
                    for id in relation.evidence {
                        if !known.evidence.contains(&id) {
                            known.evidence.push(id);
                        }
                    }
                }
                None => self.relations.push(relation),
            }
        }
        self.relations.sort();
        for gap in answer.gaps {
            self.add_gap(gap);
        }
        self.declared.extend(answer.declared);
        self.seen.extend(answer.seen);
        for SeriesSeen { entity, metric, hole } in answer.series {
            // Of several series of one metric the one without a hole shows that the metric was there.
            let known = self.series.entry((entity, metric)).or_insert(hole);
            if hole.is_none() {
                *known = None;
            }
        }
        self.first = [self.first, answer.first].into_iter().flatten().min();
        for parentless in answer.parentless {
            if !self.parentless.contains(&parentless) {
                self.parentless.push(parentless);
            }
        }
        self.flags.extend(answer.flags);
        for clock in answer.clocks {
            if !self.clocks.contains(&clock) {
                self.clocks.push(clock);
            }
        }
        self.requests.extend(answer.requests);
        self.traced.extend(answer.traced);
        self.sampled.extend(answer.sampled);
        for version in answer.versions {
            let same = |known: &&mut VersionSeen| {
                (&known.entity, &known.version) == (&version.entity, &version.version)
            };
            match self.versions.iter_mut().find(same) {
                Some(known) if version.at < known.at => *known = version,
                Some(_) => {}
                None => self.versions.push(version),
            }
        }
        self.entities.extend(answer.entities);
        self.entities.sort();
        self.entities.dedup();
        for share in answer.failed_shares {
            if !self.failed_shares.iter().any(|known| known.evidence == share.evidence) {
                self.failed_shares.push(share);
            }
        }
        for operation in answer.operations {
            if !self.operations.contains(&operation) {
                self.operations.push(operation);
            }
        }
        for change in answer.changes {
            let known = self.changes.entry(change.id.clone()).or_insert_with(|| change.clone());
            // Of two sources that hold one commit the one that has its diff tells more.
            let has_diff =
                |change: &Change| change.commit.as_ref().is_some_and(|commit| commit.diff.is_some());
            if has_diff(&change) && !has_diff(known) {
                *known = change;
            }
        }
        self.change_evidence.extend(answer.change_evidence);
        for reading in answer.readings {
            self.readings.entry(reading.change.clone()).or_insert(reading);
        }
        for word in answer.words {
            match self.words.iter_mut().find(|known| known.word == word.word) {
                Some(known) if known.weight < word.weight => *known = word,
                Some(_) => {}
                None => self.words.push(word),
            }
        }
        for message in answer.messages {
            if !self.messages.contains(&message) {
                self.messages.push(message);
            }
        }
        for document in answer.documents {
            if !self.documents.contains(&document) {
                self.documents.push(document);
            }
        }
        for chart in answer.charts {
            if !self.charts.contains(&chart) {
                self.charts.push(chart);
            }
        }
    }

    /// Takes over findings about what this board knows nothing of: an entity's series that a wider question left out.
    pub fn adopt_missing(&mut self, other: &Board) {
        let known: BTreeSet<(EntityId, String)> =
            self.findings.values().map(|finding| (finding.entity.clone(), finding.subject.clone())).collect();
        self.seen.extend(other.seen.iter().cloned());
        for (series, hole) in &other.series {
            self.series.entry(series.clone()).or_insert(*hole);
        }
        for finding in other.findings.values() {
            if known.contains(&(finding.entity.clone(), finding.subject.clone())) {
                continue;
            }
            for id in &finding.evidence {
                if let Some(evidence) = other.evidence.get(id) {
                    self.evidence.entry(id.clone()).or_insert_with(|| evidence.clone());
                }
            }
            let about = |chart: &&Chart| chart.finding.as_ref() == Some(&finding.id);
            self.charts.extend(other.charts.iter().filter(about).cloned());
            let shares =
                other.failed_shares.iter().filter(|share| finding.evidence.contains(&share.evidence));
            self.failed_shares.extend(shares.cloned());
            self.findings.insert(finding.id.clone(), finding.clone());
        }
    }

    /// Notes a gap once.
    pub fn add_gap(&mut self, gap: Gap) {
        if !self.gaps.contains(&gap) {
            self.gaps.push(gap);
        }
    }

    /// Says that `kept` of `total` were used, when that is not all of them: `10 of 31 suspects looked at`.
    pub fn note_cut(&mut self, kept: usize, total: usize, what: &str) {
        if kept < total {
            self.cuts.push(format!("{kept} of {total} {what}"));
        }
    }

    /// Notes how a step went.
    pub fn note_step(&mut self, step: &Step, round: Round, question: String, outcome: StepOutcome) {
        self.trail.push(TrailStep {
            step: step.id,
            round,
            agent: step.agent.clone(),
            question,
            queries: outcome.queries,
            calls: outcome.calls,
            outcome: outcome.text,
            failed: outcome.failed,
            truncated: outcome.truncated,
        });
    }

    /// Seconds that the clock of a deploy system and that of `entity` may differ: what is allowed without any measurement,
    /// and how far its clock was found to be off.
    pub fn clock_tolerance_s(&self, entity: &EntityId) -> i64 {
        let own = self.clocks.iter().filter(|clock| clock.entity == *entity);
        let off_ns = own.map(|clock| clock.offset_ns.saturating_abs()).max().unwrap_or(0);
        CLOCK_TOLERANCE_S + off_ns / 1_000_000_000
    }

    /// The entity called `name`, as the sources name it: exactly, else ignoring case and separators where that is
    /// unambiguous, else a service of that name. Entities of different environments are never merged.
    pub fn entity_named(&self, name: &str) -> EntityId {
        resolve(&self.entities, name)
    }

    /// What a source's `entity` is known as: itself when it is declared, else the one declared entity of its name that it can be.
    /// A source of metrics often knows no more than a name and calls it a service; what it says is a pod or a machine stays
    /// one. Entities of different places are never merged: where the name is known `in_several_places`, only what is declared in the
    /// same place is the same.
    pub fn known_as(&self, entity: &EntityId, in_several_places: bool) -> EntityId {
        if entity.kind != EntityKind::Service || self.declared.contains(entity) {
            return entity.clone();
        }
        let unknown = |declared: &EntityId| declared.scope.is_unknown() || entity.scope.is_unknown();
        let compatible = |declared: &&EntityId| {
            declared.name == entity.name
                && (declared.scope == entity.scope || (!in_several_places && unknown(declared)))
        };
        let mut declared = self.declared.iter().filter(compatible);
        match (declared.next(), declared.next()) {
            (Some(only), None) => only.clone(),
            _ => entity.clone(),
        }
    }

    /// Findings at `entity`, in id order.
    pub fn findings_at<'a>(&'a self, entity: &'a EntityId) -> impl Iterator<Item = &'a Finding> {
        self.findings.values().filter(move |finding| finding.entity == *entity)
    }
}

/// How a step ended, for the trail.
#[derive(Debug, Clone, Default)]
pub struct StepOutcome {
    /// Counts, or why it failed.
    pub text: String,
    /// Whether the agent failed.
    pub failed: bool,
    /// Queries that were sent.
    pub queries: Vec<String>,
    /// Calls made to sources.
    pub calls: u32,
    /// Everything that was cut.
    pub truncated: Vec<String>,
}

/// See [`Board::entity_named`].
pub fn resolve(entities: &[EntityId], name: &str) -> EntityId {
    if let Some(exact) = entities.iter().find(|entity| entity.name == name) {
        return exact.clone();
    }
    let wanted = squash(name);
    let mut alike = entities.iter().filter(|entity| squash(&entity.name) == wanted);
    match (alike.next(), alike.next()) {
        (Some(only), None) => only.clone(),
        _ => EntityId::new(EntityKind::Service, name),
    }
}

/// A name's letters and digits alone, in lower case: how names are compared that systems spell differently.
pub(crate) fn squash(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The id of a finding: kind, entity, peer, subject and evidence.
pub fn finding_id(finding: &Finding) -> FindingId {
    let peer = finding.peer.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut parts = vec![
        finding.kind.as_str().to_owned(),
        finding.entity.to_string(),
        peer,
        finding.subject.clone(),
        finding.concepts.join(","),
    ];
    parts.extend(finding.evidence.iter().map(|id| id.as_str().to_owned()));
    FindingId::of(&parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_kind_is_what_is_declared_and_places_stay_apart() {
        let place = |entity: EntityId, environment: &str| {
            let scope =
                midwatch_model::Scope { environment: Some(environment.to_owned()), ..Default::default() };
            EntityId { scope, ..entity }
        };
        let external = EntityId::new(EntityKind::External, "paygate");
        let (here, there) =
            (place(EntityId::service("cart"), "prod"), place(EntityId::service("cart"), "staging"));
        let database = EntityId::new(EntityKind::Database, "cart-db");
        let board = Board {
            declared: [external.clone(), here.clone(), there.clone(), place(database.clone(), "prod")].into(),
            ..Board::default()
        };
        let pod = EntityId::new(EntityKind::Pod, "paygate");
        let table = [
            (EntityId::service("paygate"), external),
            (pod.clone(), pod),
            (EntityId::service("cart"), EntityId::service("cart")),
            (here.clone(), here),
            (EntityId::service("cart-db"), place(database, "prod")),
            (place(EntityId::service("cart-db"), "staging"), place(EntityId::service("cart-db"), "staging")),
            (EntityId::service("other"), EntityId::service("other")),
        ];
        for (entity, known) in table {
            assert_eq!(board.known_as(&entity, false), known, "{entity}");
        }
        // What two places have is not what is declared without a place.
        let board =
            Board { declared: [EntityId::new(EntityKind::Database, "cart")].into(), ..Board::default() };
        let entity = place(EntityId::service("cart"), "prod");
        assert_eq!(board.known_as(&entity, true), entity);
        assert_eq!(board.known_as(&entity, false), EntityId::new(EntityKind::Database, "cart"));
    }

    #[test]
    fn names_resolve_exactly_then_loosely_but_never_ambiguously() {
        let entities =
            vec![EntityId::service("svc-a"), EntityId::service("svcB"), EntityId::service("svc_b")];
        assert_eq!(resolve(&entities, "svc-a"), entities[0]);
        assert_eq!(resolve(&entities, "SVC_A"), entities[0]);
        assert_eq!(resolve(&entities, "svc-b"), EntityId::service("svc-b"));
    }
}
