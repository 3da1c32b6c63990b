//! The run: rounds in order, values journalled between them.

use std::sync::Arc;

use midwatch_model::{
    Actor, EntryKind, Owner, Report, Round, SourceNote, StepId, Timestamp, Trigger, Window,
};
use midwatch_sources::Source;

use crate::board::Board;
use crate::conclude::{Case, compile};
use crate::journal::append;
use crate::rounds::{
    Session, attribute, cluster_state, explain, localise, note_holes, note_reservations, note_unseen, orient,
    settle_condition,
};
use crate::system::BoardView;
use crate::theories::{SUSPECTS_MAX, Scene, build, refute, settle};
use crate::{Journal, JournalError, Settings};

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What started the work.
    pub trigger: Trigger,
    /// A window somebody chose; otherwise it is found by doubling look-back.
    pub window: Option<Window>,
    /// The time somebody chose as now (`--at`); otherwise the trigger's, the alert's, or the last sample's.
    pub now: Option<Timestamp>,
    /// Who owns the work.
    pub owner: Owner,
}

/// Something worth showing while it runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// A round starts.
    Round(Round),
    /// An agent starts a step: agent, and the question in words.
    StepStarted(StepId, String, String),
    /// A step ended: outcome in words, and whether it failed.
    StepEnded(StepId, String, bool),
    /// A preliminary sentence, as soon as there is one.
    Preliminary(String),
}

/// Is told of progress. It must not block.
pub trait Watcher: Send + Sync {
    /// Takes one event.
    fn saw(&self, progress: Progress);
}

/// Why there is no report at all. A failed agent or source is not among these: it becomes a gap.
#[derive(Debug, thiserror::Error)]
pub enum InvestigateError {
    /// The journal refused an entry.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Neither the trigger nor any sample says when.
    #[error("there is no time to look at: the alert has no time and no source holds a sample with one")]
    NoTime,
}

/// The report on `request` from what `sources` answer.
pub async fn investigate(
    request: &Request,
    sources: &[Arc<dyn Source>],
    settings: &Settings,
    journal: &dyn Journal,
    watcher: &dyn Watcher,
) -> Result<Report, InvestigateError> {
    append(journal, Actor::Engine, EntryKind::Trigger, None, &request.trigger)?;
    append(journal, Actor::Engine, EntryKind::Settings, None, &settings.summary(request))?;
    let mut session = Session::new(sources, settings, journal, watcher);
    let mut board = Board::default();
    watcher.saw(Progress::Round(Round::Orient));
    let mut orientation = orient(request, &mut session, &mut board).await?;
    session.stage("orientation", &orientation)?;
    cluster_state(&orientation, &mut session, &mut board).await?;
    explain(&orientation, &mut session, &mut board).await?;
    settle_condition(&mut orientation, &mut board);
    session.stage("condition", &orientation)?;
    let localisation = localise(&orientation, &board);
    note_unseen(&orientation, &localisation, &mut board);
    note_holes(&orientation, &mut board);
    note_question(request, &mut board);
    session.stage("localisation", &localisation)?;
    if let Some(first) = localisation.origins.first() {
        watcher.saw(Progress::Preliminary(format!("looks as if it started at {}", first.entity.name)));
    }
    watcher.saw(Progress::Round(Round::Attribute));
    let candidates = attribute(&orientation, &localisation, &mut session, &mut board).await?;
    note_reservations(&mut board);
    session.stage("candidates", &candidates)?;
    board.note_cut(SUSPECTS_MAX, localisation.origins.len(), "ranked suspects looked at, most blamed first");
    let view = BoardView::of(&board);
    let scene = Scene {
        board: &board,
        view: &view,
        mechanisms: &settings.mechanisms,
        localisation: &localisation,
        candidates: &candidates,
        ended_at: orientation.ended_at,
    };
    let mut theories = build(&scene);
    session.stage("theories", &theories)?;
    watcher.saw(Progress::Round(Round::Refute));
    let tested = refute(&scene, &mut theories);
    settle(&mut theories, &settings.calibration);
    session.stage("tested theories", &theories)?;
    board.note_cut(tested.tested, tested.of, "theories put to tests, likeliest first");
    let report = compile(&Case {
        orientation: &orientation,
        localisation: &localisation,
        candidates: &candidates,
        theories: &theories,
        board: &board,
        mechanisms: &settings.mechanisms,
    });
    append(journal, Actor::Engine, EntryKind::Report, None, &report)?;
    Ok(report)
}

/// Says what became of a question's words: they are looked through for names and not understood.
fn note_question(request: &Request, board: &mut Board) {
    let Some(question) = request.trigger.question.as_deref() else { return };
    let lower = question.to_lowercase();
    let mut words = lower.split(|c: char| c.is_whitespace() || "?!,;:()'\"`".contains(c));
    let named = words.any(|word| board.entities.iter().any(|entity| entity.name.to_lowercase() == word));
    if !named && !board.entities.is_empty() {
        let known: Vec<&str> = board.entities.iter().map(|entity| entity.name.as_str()).take(8).collect();
        let text = format!(
            "the question names nothing that was seen (such as {}); its other words are not understood, so everything was \
             looked at",
            known.join(", ")
        );
        board.notes.push(SourceNote { source: "question".to_owned(), text });
    }
}
