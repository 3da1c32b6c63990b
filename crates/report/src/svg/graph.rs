//! The way trouble took, as a small graph in layers: the origin on the left, the rest by its distance from it. Arrows
//! point at whoever suffers.

use std::collections::BTreeMap;

use midwatch_model::{EntityId, RelationKind, Spread};

use crate::markup::{Markup, Path, Value};
use crate::text;

/// Entities that are drawn; more are counted, and the list below the picture holds all.
const NODES_MAX: usize = 20;
/// Relations that are drawn between them.
const EDGES_MAX: usize = 60;
const NODE_WIDTH: f64 = 178.0;
const NODE_HEIGHT: f64 = 42.0;
const COLUMN_PX: f64 = NODE_WIDTH + 84.0;
const ROW_PX: f64 = NODE_HEIGHT + 18.0;
const NAME_CHARS_MAX: usize = 22;

/// The picture and what it leaves out.
#[derive(Debug, Clone)]
pub(crate) struct Graph {
    /// An `svg` element of fixed size.
    pub(crate) picture: Markup,
    /// Entities that were left out.
    pub(crate) left_out: usize,
}

/// A box with its place.
struct Node<'a> {
    entity: &'a EntityId,
    layer: usize,
    row: usize,
}

impl Node<'_> {
    fn x(&self) -> f64 {
        1.0 + COLUMN_PX * self.layer as f64
    }

    fn y(&self) -> f64 {
        1.0 + ROW_PX * self.row as f64
    }
}

/// The graph of `spread`; `None` unless at least two entities hang together.
///
/// Layers are counted from the origin in relations, whichever way they point (breadth first), so that a relation never
/// skips a layer; entities that do not hang together with it start their own. `words` is the picture in words; `day` is printed elsewhere and left out of times.
pub(crate) fn graph(spread: &Spread, words: &str, day: &str) -> Option<Graph> {
    let (nodes, left_out) = placed(spread);
    let places: BTreeMap<&EntityId, &Node<'_>> = nodes.iter().map(|node| (node.entity, node)).collect();
    let mut edges: Vec<(&Node<'_>, &Node<'_>, RelationKind)> = Vec::new();
    for edge in &spread.edges {
        let (Some(from), Some(to)) = (places.get(&edge.from), places.get(&edge.to)) else { continue };
        if edge.from != edge.to && edges.len() < EDGES_MAX {
            edges.push((to, from, edge.kind));
        }
    }
    if edges.is_empty() {
        return None;
    }
    let columns = nodes.iter().map(|node| node.layer).max().unwrap_or(0) as f64;
    let rows = nodes.iter().map(|node| node.row).max().unwrap_or(0) as f64;
    let mut out = Markup::default();
    out.open(
        "svg",
        &[
            ("class", "graph".into()),
            ("width", (COLUMN_PX * columns + NODE_WIDTH + 2.0).into()),
            ("height", (ROW_PX * rows + NODE_HEIGHT + 16.0).into()),
            ("role", "img".into()),
        ],
    );
    out.element("title", &[], "How it spread").element("desc", &[], words);
    for (start, end, kind) in edges {
        draw_edge(&mut out, start, end, kind);
    }
    for node in &nodes {
        draw_node(&mut out, node, spread, day);
    }
    out.close("svg");
    Some(Graph { picture: out, left_out })
}

/// Entities by layer, origin first, each with a row of its own inside its layer.
fn placed(spread: &Spread) -> (Vec<Node<'_>>, usize) {
    let mut related: BTreeMap<&EntityId, Vec<&EntityId>> = BTreeMap::new();
    for edge in &spread.edges {
        related.entry(&edge.to).or_default().push(&edge.from);
        related.entry(&edge.from).or_default().push(&edge.to);
    }
    let roots = spread.origin.iter().chain(spread.edges.iter().map(|edge| &edge.to));
    let mut layers: BTreeMap<&EntityId, usize> = BTreeMap::new();
    let mut order: Vec<&EntityId> = Vec::new();
    for root in roots.chain(spread.victims.iter().map(|victim| &victim.entity)) {
        let mut next = order.len();
        if layers.contains_key(root) {
            continue;
        }
        layers.insert(root, 0);
        order.push(root);
        while let Some(entity) = order.get(next).copied() {
            next += 1;
            let layer = layers.get(entity).map_or(0, |layer| layer + 1);
            for neighbour in related.get(entity).into_iter().flatten() {
                if !layers.contains_key(*neighbour) {
                    layers.insert(neighbour, layer);
                    order.push(neighbour);
                }
            }
        }
    }
    let left_out = order.len().saturating_sub(NODES_MAX);
    let mut rows: BTreeMap<usize, usize> = BTreeMap::new();
    let nodes = order.into_iter().take(NODES_MAX).map(|entity| {
        let layer = layers.get(entity).copied().unwrap_or(0);
        let row = rows.entry(layer).or_insert(0);
        *row += 1;
        Node { entity, layer, row: *row - 1 }
    });
    (nodes.collect(), left_out)
}

fn draw_edge(out: &mut Markup, start: &Node<'_>, end: &Node<'_>, kind: RelationKind) {
    // Ways to the right run above the middle, ways back below it, so that a pair of them does not hide each other.
    let (lane, word_dy) = if end.layer > start.layer { (-6.0, -5.0) } else { (8.0, 12.0) };
    let middle = |node: &Node<'_>| node.y() + NODE_HEIGHT / 2.0 + lane;
    let (from_y, y) = (middle(start), middle(end));
    let right = |node: &Node<'_>| node.x() + NODE_WIDTH;
    // Where the line leaves, where its tip ends, and how far it bends out on the way.
    let (from_x, x, bend, tip, word_dx, anchor) = if end.layer > start.layer {
        (right(start), end.x() - 6.0, 40.0, "M6 0L-3 -4L-3 4z", -8.0, "end")
    } else {
        (
            if end.layer < start.layer { start.x() } else { right(start) },
            right(end) + 6.0,
            -40.0,
            "M-6 0L3 -4L3 4z",
            8.0,
            "start",
        )
    };
    let leaves = if end.layer == start.layer { from_x - bend } else { from_x + bend };
    let mut path = Path::default();
    path.move_to(from_x, from_y);
    path.curve_to((leaves, from_y), (x - bend, y), (x, y));
    out.empty("path", &[("class", "edge".into()), ("d", Value::Path(path))]);
    out.open("svg", &[("class", "point tip".into()), ("x", x.into()), ("y", y.into())]);
    out.raw("<path d=\"").raw(tip).raw("\"/>").close("svg");
    let word = match kind {
        RelationKind::Calls => "calls it",
        RelationKind::Consumes => "consumes",
        RelationKind::Produces => "produces",
        RelationKind::RunsOn => "runs on it",
        RelationKind::BuiltFrom => "built from",
        RelationKind::OwnedBy => "owned by",
    };
    out.element(
        "text",
        &[
            ("class", "relation".into()),
            ("x", (x + word_dx).into()),
            ("y", (y + word_dy).into()),
            ("text-anchor", anchor.into()),
        ],
        word,
    );
}

fn draw_node(out: &mut Markup, node: &Node<'_>, spread: &Spread, day: &str) {
    let origin = spread.origin.as_ref() == Some(node.entity);
    let victim = spread.victims.iter().find(|victim| victim.entity == *node.entity);
    let class = match (origin, victim) {
        (true, _) => "node origin",
        (false, Some(_)) => "node victim",
        (false, None) => "node",
    };
    let below = match (origin, victim.and_then(|victim| victim.onset.as_ref())) {
        (true, _) => "origin".to_owned(),
        (false, Some(onset)) => format!("since {}", text::moment(onset.at, day)),
        (false, None) if victim.is_some() => "suffers".to_owned(),
        (false, None) => "on the way".to_owned(),
    };
    out.open("g", &[("class", class.into())]);
    out.element("title", &[], &text::line(&node.entity.to_string()));
    out.empty(
        "rect",
        &[
            ("x", node.x().into()),
            ("y", node.y().into()),
            ("width", NODE_WIDTH.into()),
            ("height", NODE_HEIGHT.into()),
            ("rx", 6.0.into()),
        ],
    );
    let line = |class: &'static str, dy: f64| {
        [("class", class.into()), ("x", (node.x() + 12.0).into()), ("y", Value::from(node.y() + dy))]
    };
    out.element("text", &line("name", 18.0), &shortened(&text::line(&node.entity.name)));
    out.element("text", &line("since", 33.0), &below);
    out.close("g");
}

/// Both ends of a long name, which is where names differ.
fn shortened(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    if chars.len() <= NAME_CHARS_MAX {
        return name.to_owned();
    }
    let (head, tail) = (NAME_CHARS_MAX / 2, NAME_CHARS_MAX - NAME_CHARS_MAX / 2 - 1);
    let end = chars.len() - tail;
    chars[..head].iter().chain(&['…']).chain(&chars[end..]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use midwatch_model::{ContentId, EvidenceId, SpreadEdge};

    fn chain(length: usize) -> Spread {
        let node = |index: usize| EntityId::service(format!("svc-{index}"));
        let evidence = vec![EvidenceId::of(&["x"])];
        let edges = (0..length).map(|index| SpreadEdge {
            from: node(index + 1),
            to: node(index),
            kind: RelationKind::Calls,
            evidence: evidence.clone(),
        });
        Spread { origin: Some(node(0)), victims: Vec::new(), edges: edges.collect() }
    }

    #[test]
    fn the_origin_is_on_the_left_and_the_rest_in_layers() {
        let spread = chain(3);
        let (nodes, left_out) = placed(&spread);
        let places: Vec<(&str, usize, usize)> =
            nodes.iter().map(|node| (node.entity.name.as_str(), node.layer, node.row)).collect();
        assert_eq!(places, [("svc-0", 0, 0), ("svc-1", 1, 0), ("svc-2", 2, 0), ("svc-3", 3, 0)]);
        assert_eq!(left_out, 0);
    }

    #[test]
    fn large_graphs_are_cut_and_circles_end() {
        let mut spread = chain(2_000);
        let back = SpreadEdge { from: spread.edges[0].to.clone(), ..spread.edges[1_999].clone() };
        spread.edges.push(SpreadEdge { to: spread.edges[1_999].from.clone(), ..back });
        let graph = graph(&spread, "words", "2026-03-04").unwrap();
        assert_eq!(graph.left_out, 1_981);
        assert_eq!(graph.picture.finish().matches("class=\"node").count(), 20);
    }

    #[test]
    fn a_lone_origin_is_no_graph() {
        assert!(graph(&chain(0), "words", "2026-03-04").is_none());
        assert_eq!(shortened("a-very-long-name-of-a-service-in-a-region"), "a-very-long…n-a-region");
    }
}
