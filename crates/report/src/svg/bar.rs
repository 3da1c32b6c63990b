//! Small bars inside lines of text. They repeat what a number beside them says, so they are hidden from readers.

use midwatch_model::Probability;

use crate::markup::{Markup, Value};

/// Half the width of a weight's bar.
const HALF_PX: f64 = 44.0;

/// A bar from the middle to the left or to the right, full at `weight_max`.
pub(crate) fn weight_bar(weight: f64, weight_max: f64) -> Markup {
    let mut out = Markup::default();
    let share = if weight_max > 0.0 { (weight / weight_max).clamp(-1.0, 1.0) } else { 0.0 };
    let length = if share.is_finite() { share.abs() * HALF_PX } else { 0.0 };
    let (class, x) = if share < 0.0 { ("down", HALF_PX - length) } else { ("up", HALF_PX) };
    out.open(
        "svg",
        &[
            ("class", "weight".into()),
            ("width", (2.0 * HALF_PX).into()),
            ("height", 10.0.into()),
            ("aria-hidden", "true".into()),
        ],
    );
    out.empty(
        "rect",
        &[
            ("class", class.into()),
            ("x", x.into()),
            ("y", 1.0.into()),
            ("width", length.into()),
            ("height", 8.0.into()),
            ("rx", 1.5.into()),
        ],
    );
    out.empty(
        "line",
        &[
            ("class", "zero".into()),
            ("x1", HALF_PX.into()),
            ("x2", HALF_PX.into()),
            ("y1", 0.0.into()),
            ("y2", 10.0.into()),
        ],
    );
    out.close("svg");
    out
}

/// A scale from 0 to 100 % with the band, or the point, that is claimed.
pub(crate) fn likelihood_bar(probability: &Probability) -> Markup {
    let share = |value: f64| if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 };
    let (low, high) = match probability {
        Probability::Point { value, .. } => (share(*value) - 0.01, share(*value) + 0.01),
        Probability::Band { low, high, .. } => (share(low.min(*high)), share(high.max(*low))),
    };
    let (low, high) = (low.clamp(0.0, 0.98), high.clamp(0.02, 1.0));
    let mut out = Markup::default();
    out.open(
        "svg",
        &[("class", "likelihood".into()), ("height", 22.0.into()), ("aria-hidden", "true".into())],
    );
    let bar = |class: &'static str, low: f64, high: f64| {
        [
            ("class", Value::from(class)),
            ("x", Value::Share(low)),
            ("width", Value::Share(high - low)),
            ("y", 0.0.into()),
            ("height", 6.0.into()),
            ("rx", 3.0.into()),
        ]
    };
    out.empty("rect", &bar("scale", 0.0, 1.0));
    out.empty("rect", &bar("band", low, high));
    for (at, label, anchor) in [(0.0, "0", "start"), (0.5, "50", "middle"), (1.0, "100\u{a0}%", "end")] {
        out.element(
            "text",
            &[("x", Value::Share(at)), ("y", 19.0.into()), ("text-anchor", anchor.into())],
            label,
        );
    }
    out.close("svg");
    out
}
