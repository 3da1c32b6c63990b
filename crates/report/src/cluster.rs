//! The health report of a cluster, for a terminal and for programs.

use midwatch_model::{ClusterCheck, ClusterProblem, ProblemCertainty, ProblemStanding};

use crate::TerminalOptions;
use crate::text::{self, counted};
use crate::theme::Role;
use crate::wrap::{Pen, span};

/// Facts shown of one problem.
const FACTS_MAX: usize = 3;
/// Things shown that one problem explains.
const EXPLAINS_MAX: usize = 6;
/// Notes shown on what could not be read.
const UNREAD_MAX: usize = 5;

/// The health report as JSON, indented, ending in a line break.
pub fn cluster_json(check: &ClusterCheck) -> String {
    let mut text = serde_json::to_string_pretty(check).unwrap_or_default();
    text.push('\n');
    text
}

/// The health report for a terminal. Problems that do no harm now are counted, and shown only with `all`.
pub fn cluster_terminal(check: &ClusterCheck, all: bool, options: &TerminalOptions) -> String {
    let mut pen = Pen::new(options.width, options.colour, options.unicode);
    let active: Vec<&ClusterProblem> = with(check, ProblemStanding::Active);
    heading(check, &active, &mut pen);
    for (at, problem) in active.iter().enumerate() {
        pen.blank();
        show(at + 1, problem, &mut pen);
    }
    for (standing, title, one, many) in [
        (
            ProblemStanding::Latent,
            "WRONG, BUT DOING NO HARM NOW",
            "thing is wrong but does no harm now",
            "things are wrong but do no harm now",
        ),
        (
            ProblemStanding::Recovered,
            "RECOVERED",
            "thing was wrong and has recovered",
            "things were wrong and have recovered",
        ),
    ] {
        let problems = with(check, standing);
        if problems.is_empty() {
            continue;
        }
        pen.blank();
        if !all {
            let said = format!("{}: see --all", counted(problems.len() as u64, one, many));
            pen.paragraph(vec![], &[], &[span(said, Role::Muted)]);
            continue;
        }
        pen.paragraph(vec![], &[], &[span(title, Role::Heading)]);
        for problem in problems {
            line("  - ", &format!("{}: {}", problem.object, problem.summary), Role::Plain, &mut pen);
        }
    }
    notes(check, &mut pen);
    pen.finish()
}

fn with(check: &ClusterCheck, standing: ProblemStanding) -> Vec<&ClusterProblem> {
    check.problems.iter().filter(|problem| problem.standing == standing).collect()
}

fn heading(check: &ClusterCheck, active: &[&ClusterProblem], pen: &mut Pen) {
    let counts: Vec<String> = check
        .counts
        .iter()
        .map(|count| format!("{} of {} {} well", count.well, count.all, count.what))
        .collect();
    let unwell: Vec<String> = check
        .counts
        .iter()
        .filter(|count| count.well < count.all)
        .map(|count| format!("{} of {} {}", count.all - count.well, count.all, count.what))
        .collect();
    let (said, role) = match (active.len(), check.counts.is_empty()) {
        (0, false) if !unwell.is_empty() => (
            format!("NOT EXPLAINED  {} not well, and nothing here says why", unwell.join(", ")),
            Role::VerdictUnsure,
        ),
        (0, true) => ("CANNOT TELL  nothing of a cluster could be read".to_owned(), Role::VerdictUnsure),
        (0, false) => ("NOTHING FOUND WRONG".to_owned(), Role::VerdictFine),
        (found, _) => (counted(found as u64, "PROBLEM", "PROBLEMS"), Role::VerdictSure),
    };
    pen.paragraph(vec![], &[], &[span(said, role)]);
    if !counts.is_empty() {
        line("", &counts.join(", "), Role::Muted, pen);
    }
}

fn show(number: usize, problem: &ClusterProblem, pen: &mut Pen) {
    let sure = match problem.certainty {
        ProblemCertainty::Stated => "",
        ProblemCertainty::Shown => " (worked out)",
        ProblemCertainty::Suspected => " (suspected)",
    };
    let number = format!("{number}  ");
    let indent = " ".repeat(number.len());
    let title = format!("{} {}", text::line(&problem.object), problem.stage);
    pen.paragraph(
        vec![span(number, Role::Heading)],
        &[span(indent, Role::Plain)],
        &[span(title, Role::Strong), span(sure, Role::Muted)],
    );
    line("   ", &problem.summary, Role::Plain, pen);
    for fact in problem.facts.iter().take(FACTS_MAX) {
        line("   because  ", &fact.statement, Role::Plain, pen);
        if fact.worked_out {
            line("            worked out from ", &fact.source, Role::Muted, pen);
            continue;
        }
        line("            > ", &fact.quote, Role::Quote, pen);
        line("            from ", &fact.source, Role::Muted, pen);
    }
    if let Some(more) = problem.facts.len().checked_sub(FACTS_MAX).filter(|more| *more > 0) {
        line(
            "            ",
            &format!("{} more, see -o json", counted(more as u64, "fact", "facts")),
            Role::Muted,
            pen,
        );
    }
    if !problem.explains.is_empty() {
        let mut shown: Vec<&str> = problem.explains.iter().take(EXPLAINS_MAX).map(String::as_str).collect();
        let more = format!("{} more", problem.explains.len().saturating_sub(EXPLAINS_MAX));
        if problem.explains.len() > EXPLAINS_MAX {
            shown.push(&more);
        }
        line("   breaks   ", &shown.join(", "), Role::Plain, pen);
    }
    if !problem.could_also_be.is_empty() {
        line("   or else  ", &problem.could_also_be.join(", ").replace('_', " "), Role::Muted, pen);
    }
    line("   do       ", &problem.remedy, Role::Good, pen);
}

fn notes(check: &ClusterCheck, pen: &mut Pen) {
    if !check.missing.is_empty() {
        pen.blank();
        pen.paragraph(vec![], &[], &[span("NOT LOOKED AT", Role::Heading)]);
        for missing in &check.missing {
            line("  - ", missing, Role::Plain, pen);
        }
    }
    if !check.unread.is_empty() {
        pen.blank();
        pen.paragraph(vec![], &[], &[span("COULD NOT BE READ", Role::Heading)]);
        for unread in check.unread.iter().take(UNREAD_MAX) {
            line("  - ", unread, Role::Plain, pen);
        }
        if let Some(more) = check.unread.len().checked_sub(UNREAD_MAX).filter(|more| *more > 0) {
            line("  ", &format!("and {more} more, see -o json"), Role::Muted, pen);
        }
    }
}

/// Text from outside, made one visible line, behind `lead`; further lines stand under its first character.
fn line(lead: &str, raw: &str, role: Role, pen: &mut Pen) {
    let rest = " ".repeat(lead.chars().count());
    pen.paragraph(vec![span(lead, Role::Muted)], &[span(rest, Role::Plain)], &[span(text::line(raw), role)]);
}

#[cfg(test)]
mod tests {
    use midwatch_model::{CLUSTER_CHECK_SCHEMA, ClusterCount, ClusterFact};

    use super::*;

    fn check(well: u64, problems: Vec<ClusterProblem>) -> ClusterCheck {
        let counts = vec![ClusterCount { what: "pods".into(), all: 2, well }];
        ClusterCheck { schema: CLUSTER_CHECK_SCHEMA, problems, counts, ..ClusterCheck::default() }
    }

    fn problem(standing: ProblemStanding) -> ClusterProblem {
        ClusterProblem {
            kind: "crash_loop".into(),
            subject: "1".into(),
            stage: "runtime".into(),
            object: "Deployment shop/web".into(),
            standing,
            certainty: ProblemCertainty::Stated,
            summary: "it ends\u{1b}[31m again".into(),
            facts: vec![ClusterFact {
                statement: "s".into(),
                source: "session.txt".into(),
                quote: "# q\nx".into(),
                worked_out: false,
            }],
            explains: (0..9).map(|at| format!("Service shop/s{at}")).collect(),
            could_also_be: vec!["out_of_memory".into()],
            remedy: "mend it".into(),
        }
    }

    fn first_line(check: &ClusterCheck) -> String {
        let text = cluster_terminal(check, false, &TerminalOptions::default());
        text.lines().next().unwrap_or_default().to_owned()
    }

    #[test]
    fn what_is_not_well_and_not_explained_is_never_called_fine() {
        assert_eq!(first_line(&check(2, vec![])), "NOTHING FOUND WRONG");
        assert!(first_line(&check(1, vec![])).starts_with("NOT EXPLAINED"));
        assert!(
            first_line(&check(0, vec![problem(ProblemStanding::Recovered)])).starts_with("NOT EXPLAINED")
        );
        assert!(first_line(&ClusterCheck::default()).starts_with("CANNOT TELL"));
        assert_eq!(first_line(&check(1, vec![problem(ProblemStanding::Active)])), "1 PROBLEM");
    }

    #[test]
    fn text_from_outside_stays_on_its_line_and_what_is_left_out_is_counted() {
        let text = cluster_terminal(
            &check(1, vec![problem(ProblemStanding::Active)]),
            false,
            &TerminalOptions::default(),
        );
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("# q") || line == "x"), "{text}");
        assert!(text.contains("3 more"), "{text}");
    }

    #[test]
    fn what_was_worked_out_quotes_nothing() {
        let mut said = problem(ProblemStanding::Active);
        for fact in &mut said.facts {
            (fact.quote, fact.worked_out) = (String::new(), true);
        }
        let text = cluster_terminal(&check(1, vec![said]), false, &TerminalOptions::default());
        assert!(text.contains("worked out from session.txt"), "{text}");
        assert!(!text.contains("> "), "{text}");
    }
}
