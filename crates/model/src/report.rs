//! What people read. It holds nothing of the run itself: see [`RunFacts`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    ChangeId, Damage, EntityId, Evidence, EvidenceId, FindingId, Gap, Incident, Onset, RelationKind, Round,
    StepId, Theory, Verdict, Window,
};

/// Version of the report's JSON shape; documented in `docs/guide/report-json.md`.
pub const REPORT_SCHEMA: &str = "midwatch.report/v1";

/// A sentence with what it rests on. It cannot exist without evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawClaim")]
pub struct Claim {
    text: String,
    evidence: Vec<EvidenceId>,
}

#[derive(Deserialize)]
struct RawClaim {
    text: String,
    evidence: Vec<EvidenceId>,
}

impl TryFrom<RawClaim> for Claim {
    type Error = String;

    fn try_from(raw: RawClaim) -> Result<Self, String> {
        let mut evidence = raw.evidence.into_iter();
        let first = evidence.next().ok_or_else(|| format!("the claim {:?} cites no evidence", raw.text))?;
        Ok(Claim::new(raw.text, first, evidence))
    }
}

impl Claim {
    /// A sentence that rests on `first` and `rest`.
    pub fn new(
        text: impl Into<String>,
        first: EvidenceId,
        rest: impl IntoIterator<Item = EvidenceId>,
    ) -> Claim {
        let mut evidence = vec![first];
        for id in rest {
            if !evidence.contains(&id) {
                evidence.push(id);
            }
        }
        Claim { text: text.into(), evidence }
    }

    /// A sentence that rests on all of `evidence`, or `None` when there is none.
    pub fn from_evidence(text: impl Into<String>, evidence: &[EvidenceId]) -> Option<Claim> {
        let (first, rest) = evidence.split_first()?;
        Some(Claim::new(text, first.clone(), rest.iter().cloned()))
    }

    /// The sentence.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it rests on: never empty.
    pub fn evidence(&self) -> &[EvidenceId] {
        &self.evidence
    }
}

/// Something to do now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recommendation {
    /// What to do, in the imperative.
    pub title: String,
    /// Why, with evidence.
    pub why: Claim,
    /// The command that does it, when one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Whether it can be undone without loss.
    pub reversible: bool,
}

/// One step of the way trouble took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpreadEdge {
    /// The side that suffers.
    pub from: EntityId,
    /// The side it suffers from.
    pub to: EntityId,
    /// How they relate.
    pub kind: RelationKind,
    /// What it rests on.
    pub evidence: Vec<EvidenceId>,
}

/// An entity that suffers without being the origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Victim {
    /// Who suffers.
    pub entity: EntityId,
    /// How it shows.
    pub claim: Claim,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onset: Option<Onset>,
}

/// Origin and victims.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Where it started, when that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<EntityId>,
    /// Who suffers, nearest first.
    pub victims: Vec<Victim>,
    /// How they hang together.
    pub edges: Vec<SpreadEdge>,
}

/// What users felt.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Impact {
    /// Onset of the incident: the earliest sustained departure in the neighbourhood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onset: Option<Onset>,
    /// When it ended; `None` while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Whether it lasts at the end of what was seen.
    pub ongoing: bool,
    /// Share of requests that fail since onset, 0 to 1, at the entity users meet first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_share: Option<f64>,
    /// Requests that failed since onset, where both rate and share are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_requests: Option<f64>,
    /// Operations hit, worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<String>,
    /// The above in sentences.
    pub claims: Vec<Claim>,
}

/// What sort of moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimelineKind {
    /// Something was changed.
    Change,
    /// Something began.
    Onset,
    /// An alert fired or ended.
    Alert,
    /// Something ended.
    Recovery,
}

/// One moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimelineEvent {
    /// When.
    pub at: Timestamp,
    /// What sort.
    pub kind: TimelineKind,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<EntityId>,
    /// What.
    pub claim: Claim,
    /// The change, when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangeId>,
    /// Whether this belongs to the leading theory.
    pub leading: bool,
}

/// A series worth drawing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// Evidence that holds the points (`Answer::Points`) and the name of the series in it.
    pub evidence: EvidenceId,
    /// Name of the series inside that evidence.
    pub series: String,
    /// Unit to show.
    pub unit: String,
    /// Normal range, from the baseline's robust spread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normal: Option<(f64, f64)>,
    /// When it departed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onset: Option<Timestamp>,
    /// Finding it illustrates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<FindingId>,
}

/// What a source says of its own input besides damage: assumed zones, files left out, merged names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourceNote {
    /// Name of the source, as configured.
    pub source: String,
    /// What it says, in a sentence.
    pub text: String,
}

/// One step as it went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrailStep {
    /// `round.index`.
    pub step: StepId,
    /// Which round.
    pub round: Round,
    /// Which agent.
    pub agent: String,
    /// What was asked, in words.
    pub question: String,
    /// Queries that were sent.
    pub queries: Vec<String>,
    /// Calls made to sources: several queries may be answered by one, and one query may take several.
    #[serde(default)]
    pub calls: u32,
    /// What came of it: counts, or why it failed.
    pub outcome: String,
    /// Whether the agent failed.
    pub failed: bool,
    /// Everything that was cut, with totals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub truncated: Vec<String>,
}

/// The answer, in the order people read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`REPORT_SCHEMA`].
    pub schema: String,
    /// What was asked.
    pub incident: Incident,
    /// The range that was looked at and why it was chosen.
    pub window: Window,
    /// The range taken for normal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Window>,
    /// Why these windows.
    pub window_reason: String,
    /// The conclusion.
    pub verdict: Verdict,
    /// At most three, safest first.
    pub recommendations: Vec<Recommendation>,
    /// Leading theory first, then competitors by probability, then the ruled-out ones.
    pub theories: Vec<Theory>,
    /// What speaks against the leader.
    pub against: Vec<Claim>,
    /// What was looked at and found normal.
    pub checked_and_fine: Vec<Claim>,
    /// What is clearly sick and neither connected with the symptom nor explained by the leader: perhaps a second fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub noticed_elsewhere: Vec<Claim>,
    /// Documents that name something involved. They are listed for people and weigh nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Claim>,
    /// Origin and victims.
    pub spread: Spread,
    /// What users felt.
    pub impact: Impact,
    /// Changes, onsets, alerts and recovery on one axis.
    pub timeline: Vec<TimelineEvent>,
    /// What was not looked at, and why.
    pub gaps: Vec<Gap>,
    /// Rows that could not be read.
    pub damage: Vec<Damage>,
    /// What the sources say of their input besides damage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<SourceNote>,
    /// What the investigation as a whole left out for size, with totals; cuts of one step stand with the step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cuts: Vec<String>,
    /// Every step and query.
    pub trail: Vec<TrailStep>,
    /// Series worth drawing.
    pub charts: Vec<Chart>,
    /// Everything cited, by id.
    pub evidence: BTreeMap<EvidenceId, Evidence>,
}

/// Facts of one run: kept apart so that equal inputs give equal reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunFacts {
    /// The investigation's id.
    pub investigation: crate::InvestigationId,
    /// Wall-clock milliseconds.
    pub wall_ms: u64,
    /// Calls made to sources.
    pub calls: u32,
    /// Version of Midwatch.
    pub version: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ContentId;

    #[test]
    fn a_claim_without_evidence_cannot_be_read_back() {
        assert!(serde_json::from_str::<Claim>(r#"{"text":"it broke","evidence":[]}"#).is_err());
        assert!(Claim::from_evidence("it broke", &[]).is_none());
        let id = EvidenceId::of(&["x"]);
        let claim = Claim::new("it broke", id.clone(), [id.clone()]);
        assert_eq!(claim.evidence(), [id]);
    }
}
