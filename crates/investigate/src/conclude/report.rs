//! Putting the report together, in the order people read it.

use std::collections::{BTreeMap, BTreeSet};

use midwatch_model::{
    Change, ChangeId, Claim, Evidence, EvidenceId, Finding, FindingKind, Measure, REPORT_SCHEMA, Report,
    TermKind, Theory, TheoryStatus, TimelineKind,
};

use super::advice::recommendations;
use super::elsewhere::elsewhere;
use super::impact::{impact, spread, timeline};
use super::verdict::verdict;
use crate::board::Board;
use crate::concepts::FILLING;
use crate::mechanisms::MechanismSet;
use crate::rounds::is_worse;
use crate::stages::{Condition, Localisation, Orientation};
use crate::theories::Candidate;

/// Everything a report is made from.
pub(crate) struct Case<'a> {
    pub orientation: &'a Orientation,
    pub localisation: &'a Localisation,
    pub candidates: &'a [Candidate],
    pub theories: &'a [Theory],
    pub board: &'a Board,
    pub mechanisms: &'a MechanismSet,
}

/// Theories shown; the rest is in the journal.
const COMPETING_MAX: usize = 8;
const RULED_OUT_MAX: usize = 8;
const FINE_MAX: usize = 12;
const CHARTS_MAX: usize = 8;

impl Case<'_> {
    /// The theory in the lead.
    pub(super) fn leader(&self) -> Option<&Theory> {
        self.theories.iter().find(|theory| theory.status == TheoryStatus::Leading)
    }

    /// The change of a theory.
    pub(super) fn change(&self, theory: &Theory) -> Option<&Change> {
        self.board.changes.get(theory.change.as_ref()?)
    }

    /// What the case is about, for a sentence.
    pub(super) fn subject(&self) -> String {
        let entity = self.orientation.symptom_entity.as_ref().or(self.orientation.incident.target.as_ref());
        entity.map_or_else(|| "the system".to_owned(), |entity| entity.name.clone())
    }
}

/// The report of a case.
pub(crate) fn compile(case: &Case<'_>) -> Report {
    let verdict = verdict(case);
    let sick = matches!(case.orientation.condition, Condition::Sick | Condition::Recovered);
    let mut cuts = case.board.cuts.clone();
    let theories = if sick { shown(case, &mut cuts) } else { Vec::new() };
    let timeline = timeline(case);
    let onsets = onsets_seen(case);
    let onsets_shown = timeline.iter().filter(|event| event.kind == TimelineKind::Onset).count();
    say_cut(&mut cuts, onsets_shown, onsets, "onsets in the timeline, earliest of each entity first");
    let impact = impact(case);
    let operations = case.board.operations.len();
    if !impact.operations.is_empty() {
        say_cut(&mut cuts, impact.operations.len(), operations, "operations that are hit named");
    }
    let charts = charts(case, &mut cuts);
    let mut report = Report {
        schema: REPORT_SCHEMA.to_owned(),
        incident: case.orientation.incident.clone(),
        window: case.orientation.window,
        baseline: case.orientation.baseline,
        window_reason: case.orientation.window_reason.clone(),
        recommendations: if sick { recommendations(case, verdict.kind) } else { Vec::new() },
        against: if sick { against(case) } else { Vec::new() },
        checked_and_fine: checked_and_fine(case),
        noticed_elsewhere: elsewhere(case, &mut cuts),
        documents: case.board.documents.clone(),
        spread: spread(case),
        impact,
        timeline,
        gaps: case.board.gaps.clone(),
        damage: case.board.damage.clone(),
        notes: case.board.notes.clone(),
        cuts,
        trail: case.board.trail.clone(),
        charts,
        evidence: BTreeMap::new(),
        theories,
        verdict,
    };
    name_faults(case, &mut report);
    report.gaps.sort();
    report.damage.sort();
    report.notes.sort();
    report.evidence = cited(&report, case.board);
    report
}

/// Names every fault of the cluster that nothing in the report names yet: what a check of the cluster calls wrong is not
/// left out because something else leads.
fn name_faults(case: &Case<'_>, report: &mut Report) {
    let faults = case.board.findings.values().filter(|finding| finding.kind == FindingKind::ClusterFault);
    let mut faults: Vec<&Finding> = faults.filter(|finding| is_worse(finding)).collect();
    faults.sort_by(|a, b| b.strength.z.total_cmp(&a.strength.z).then_with(|| a.id.cmp(&b.id)));
    let mut seen = BTreeSet::new();
    for fault in faults {
        let says = |text: &str| text.contains(fault.summary.as_str());
        let is_named = says(&report.verdict.sentence)
            || report.theories.iter().any(|theory| says(&theory.title))
            || report.noticed_elsewhere.iter().any(|claim| says(claim.text()));
        if is_named || !seen.insert(fault.summary.as_str()) {
            continue;
        }
        let text = format!("{}; the state of the cluster shows this as well", fault.summary);
        report.noticed_elsewhere.extend(Claim::from_evidence(text, &fault.evidence));
    }
}

/// Says that `kept` of `total` are in the report, when that is not all of them.
pub(super) fn say_cut(cuts: &mut Vec<String>, kept: usize, total: usize, what: &str) {
    if kept < total {
        cuts.push(format!("{kept} of {total} {what}"));
    }
}

/// How many different onsets were seen at sick entities.
fn onsets_seen(case: &Case<'_>) -> usize {
    let mut seen = BTreeSet::new();
    for finding in case.localisation.sick.iter().flat_map(|entity| case.board.findings_at(entity)) {
        if let Some(onset) = finding.onset.filter(|_| is_worse(finding))
            && finding.kind != FindingKind::AttributeChange
        {
            seen.insert((onset.at, &finding.summary));
        }
    }
    seen.len()
}

/// The leader, then competitors by score with one for each answer, then those ruled out.
fn shown(case: &Case<'_>, cuts: &mut Vec<String>) -> Vec<Theory> {
    let mut kept: Vec<Theory> = Vec::new();
    let mut seen: BTreeSet<(String, Option<ChangeId>)> = BTreeSet::new();
    let mut ruled_out = Vec::new();
    let mut alike = 0;
    let ruled_out_last = |theory: &&Theory| theory.status == TheoryStatus::RuledOut;
    let (last, first): (Vec<&Theory>, Vec<&Theory>) = case.theories.iter().partition(ruled_out_last);
    for theory in first.into_iter().chain(last) {
        if !seen.insert((theory.mechanism.clone(), theory.change.clone())) {
            alike += 1;
            continue;
        }
        if theory.status == TheoryStatus::RuledOut {
            ruled_out.push(theory.clone());
        } else {
            kept.push(theory.clone());
        }
    }
    let leads = |theory: &Theory| theory.status != TheoryStatus::Leading;
    kept.sort_by(|a, b| leads(a).cmp(&leads(b)).then(b.score.total_cmp(&a.score)).then(a.id.cmp(&b.id)));
    if alike > 0 {
        cuts.push(format!(
            "{alike} theories of a mechanism and a change shown already, at other entities, left out"
        ));
    }
    say_cut(cuts, COMPETING_MAX, kept.len(), "answers shown, likeliest first");
    kept.truncate(COMPETING_MAX);
    say_cut(cuts, RULED_OUT_MAX, ruled_out.len(), "theories shown that were ruled out");
    ruled_out.truncate(RULED_OUT_MAX);
    kept.extend(ruled_out);
    kept
}

fn against(case: &Case<'_>) -> Vec<Claim> {
    let Some(leader) = case.leader() else { return Vec::new() };
    let mut terms: Vec<_> =
        leader.terms.iter().filter(|term| term.weight < 0.0 && term.kind != TermKind::Prior).collect();
    terms.sort_by(|a, b| a.weight.total_cmp(&b.weight));
    terms
        .into_iter()
        .filter_map(|term| {
            let evidence =
                if term.evidence.is_empty() { &case.orientation.condition_evidence } else { &term.evidence };
            Claim::from_evidence(term.text.clone(), evidence)
        })
        .collect()
}

fn checked_and_fine(case: &Case<'_>) -> Vec<Claim> {
    let mut steady: Vec<_> = case
        .board
        .findings
        .values()
        .filter(|finding| {
            matches!(
                finding.kind,
                FindingKind::MetricSteady | FindingKind::StateSteady | FindingKind::MetricSeasonal
            )
        })
        // What fills up is not fine.
        .filter(|finding| !finding.concepts.iter().any(|concept| concept == FILLING))
        .collect();
    let near = |entity: &midwatch_model::EntityId| {
        Some(entity) != case.orientation.symptom_entity.as_ref() && !case.localisation.sick.contains(entity)
    };
    steady.sort_by(|a, b| {
        (near(&a.entity), &a.entity, &a.subject).cmp(&(near(&b.entity), &b.entity, &b.subject))
    });
    let total = steady.len();
    let mut claims: Vec<Claim> = steady
        .iter()
        .take(FINE_MAX)
        .filter_map(|finding| Claim::from_evidence(finding.summary.clone(), &finding.evidence))
        .collect();
    if total > FINE_MAX
        && let Some(first) = steady.get(FINE_MAX)
    {
        claims.extend(Claim::from_evidence(
            match total - FINE_MAX {
                1 => "1 further series is within its normal range too".to_owned(),
                more => format!("{more} further series are within their normal range too"),
            },
            &first.evidence,
        ));
    }
    claims
}

fn charts(case: &Case<'_>, cuts: &mut Vec<String>) -> Vec<midwatch_model::Chart> {
    let supporting: BTreeSet<_> = case
        .leader()
        .map(|leader| leader.terms.iter().flat_map(|t| t.findings.clone()).collect())
        .unwrap_or_default();
    let mut charts = case.board.charts.clone();
    charts.sort_by_key(|chart| {
        let finding = chart.finding.as_ref();
        let symptom = finding.is_some() && finding == case.orientation.symptom.as_ref();
        let supports = finding.is_some_and(|id| supporting.contains(id));
        let onset = finding
            .and_then(|id| case.board.findings.get(id))
            .and_then(|finding| finding.onset)
            .map(|o| o.at);
        (!symptom, !supports, onset.is_none(), onset, chart.title.clone())
    });
    // What moved for the better, or only moved along, explains nothing.
    charts.retain(|chart| {
        let Some(finding) = chart.finding.as_ref().and_then(|id| case.board.findings.get(id)) else {
            return true;
        };
        is_worse(finding) || supporting.contains(&finding.id) || finding.measure == Some(Measure::Load)
    });
    let mut titles = BTreeSet::new();
    charts.retain(|chart| titles.insert(chart.title.clone()));
    say_cut(cuts, CHARTS_MAX, charts.len(), "series drawn");
    charts.truncate(CHARTS_MAX);
    charts
}

/// Everything the report cites, and nothing else.
fn cited(report: &Report, board: &Board) -> BTreeMap<EvidenceId, Evidence> {
    let mut ids: BTreeSet<&EvidenceId> = BTreeSet::new();
    ids.extend(&report.incident.evidence);
    ids.extend(&report.verdict.evidence);
    for claim in report
        .recommendations
        .iter()
        .map(|advice| &advice.why)
        .chain(&report.against)
        .chain(&report.checked_and_fine)
        .chain(&report.noticed_elsewhere)
        .chain(&report.documents)
        .chain(report.spread.victims.iter().map(|victim| &victim.claim))
        .chain(&report.impact.claims)
        .chain(report.timeline.iter().map(|event| &event.claim))
    {
        ids.extend(claim.evidence());
    }
    for theory in &report.theories {
        ids.extend(theory.terms.iter().flat_map(|term| &term.evidence));
        ids.extend(theory.refutations.iter().flat_map(|refutation| &refutation.evidence));
    }
    ids.extend(report.spread.edges.iter().flat_map(|edge| &edge.evidence));
    ids.extend(report.charts.iter().map(|chart| &chart.evidence));
    ids.into_iter().filter_map(|id| Some((id.clone(), board.evidence.get(id)?.clone()))).collect()
}
