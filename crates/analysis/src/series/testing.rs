//! Series for tests: deterministic noise and points on a regular grid.

use midwatch_model::{EntityId, Unit};

use super::{Series, SeriesKey};

/// A small linear congruential generator (Knuth's MMIX constants): the same seed, the same noise.
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) fn new(seed: u64) -> Noise {
        let mut noise = Noise(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1));
        noise.uniform();
        noise.uniform();
        noise
    }

    /// Uniform on [0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// About standard normal: the sum of twelve uniforms, less six.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// Seconds to the nanoseconds used in tests: minute 0 is a round instant well after the epoch.
pub(crate) const START_NS: i64 = 1_700_000_000_000_000_000;

/// A series of `svc-a` with one value every `step_s` seconds from [`START_NS`] on.
pub(crate) fn series(step_s: i64, values: &[f64]) -> Series {
    let points =
        values.iter().enumerate().map(|(index, value)| (at_ns(step_s, index as f64), *value)).collect();
    Series::from_points(key("metric"), points)
}

/// The instant of the `index`th point of [`series`].
pub(crate) fn at_ns(step_s: i64, index: f64) -> i64 {
    START_NS + (index * step_s as f64 * 1e9) as i64
}

/// A key of `svc-a`.
pub(crate) fn key(metric: &str) -> SeriesKey {
    SeriesKey {
        entity: EntityId::service("svc-a"),
        metric: metric.to_owned(),
        labels: Default::default(),
        unit: Unit::Unknown,
        counter: None,
    }
}
