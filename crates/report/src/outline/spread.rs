//! How it spread: the origin as root, whoever suffers from it below.

use std::collections::{BTreeMap, BTreeSet};

use midwatch_model::{EntityId, RelationKind, SpreadEdge, Victim};

use super::build::{Builder, section};
use super::types::{Item, Section, SectionKind, Tone};
use crate::text;

/// Levels of the tree that are drawn; deeper ones stay at this depth.
const LEVELS_MAX: usize = 8;

/// One node that waits to be drawn.
struct Pending<'a> {
    entity: &'a EntityId,
    edge: Option<&'a SpreadEdge>,
    branch: Vec<bool>,
}

impl<'a> Builder<'a> {
    /// Origin first, then victims below what they suffer from; victims without an edge come last.
    pub(super) fn spread(&mut self) -> Section {
        let spread = &self.report.spread;
        let mut sufferers: BTreeMap<&EntityId, Vec<&SpreadEdge>> = BTreeMap::new();
        for edge in &spread.edges {
            sufferers.entry(&edge.to).or_default().push(edge);
        }
        let mut victims: BTreeMap<&EntityId, Vec<&Victim>> = BTreeMap::new();
        for victim in &spread.victims {
            victims.entry(&victim.entity).or_default().push(victim);
        }
        let mut drawn = BTreeSet::new();
        let mut items = Vec::new();
        let roots = spread.origin.iter().chain(spread.edges.iter().map(|edge| &edge.to));
        for root in roots.chain(spread.victims.iter().map(|victim| &victim.entity)) {
            if drawn.contains(root) {
                continue;
            }
            let mut stack = vec![Pending { entity: root, edge: None, branch: Vec::new() }];
            while let Some(node) = stack.pop() {
                let first_time = drawn.insert(node.entity);
                let suffering = victims.get(node.entity).map_or(&[][..], Vec::as_slice);
                let below = sufferers.get(node.entity).map_or(&[][..], Vec::as_slice);
                items.push(self.spread_item(&node, suffering, first_time));
                if !first_time {
                    continue;
                }
                for (index, edge) in below.iter().enumerate().rev() {
                    let mut branch = node.branch.clone();
                    branch.push(index + 1 < below.len());
                    if branch.len() > LEVELS_MAX {
                        branch.remove(0);
                    }
                    stack.push(Pending { entity: &edge.from, edge: Some(edge), branch });
                }
            }
        }
        section(SectionKind::Spread, "How it spread", items)
    }

    fn spread_item(&mut self, node: &Pending<'a>, suffering: &[&'a Victim], first_time: bool) -> Item {
        let origin = self.report.spread.origin.as_ref() == Some(node.entity);
        let mut words = text::line(&node.entity.to_string());
        let mut chips = Vec::new();
        if origin && node.edge.is_none() {
            words.push_str(" is the origin");
        }
        if let Some(edge) = node.edge {
            words.push_str(match edge.kind {
                RelationKind::Calls => " calls it",
                RelationKind::Consumes => " consumes from it",
                RelationKind::Produces => " produces into it",
                RelationKind::RunsOn => " runs on it",
                RelationKind::BuiltFrom => " is built from it",
                RelationKind::OwnedBy => " is owned by it",
            });
            chips.extend(self.cite(&edge.evidence));
        }
        if !first_time {
            words.push_str(" (shown above)");
        }
        for victim in suffering.iter().filter(|_| first_time) {
            if let Some(onset) = &victim.onset {
                words.push_str(&format!(" · since {}", text::onset(onset, &self.day)));
            }
            words.push_str(&format!(" · {}", text::line(victim.claim.text())));
            chips.extend(self.cite(victim.claim.evidence()));
        }
        let mut seen = BTreeSet::new();
        chips.retain(|number| seen.insert(*number));
        let tone = if origin && node.edge.is_none() { Tone::Strong } else { Tone::Plain };
        Item { tone, chips, branch: node.branch.clone(), ..Item::text(words) }
    }
}
