//! Short forms of spans for tests.

use proptest::prelude::*;

use super::batch::{SpanBatch, SpanRow, SpanStatus};

/// Milliseconds in nanoseconds.
pub(crate) fn ms(value: i64) -> i64 {
    value * 1_000_000
}

/// A span to be.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    trace: String,
    service: String,
    name: String,
    start_ns: i64,
    duration_ns: i64,
    parent: Option<u32>,
    status: SpanStatus,
    message: Option<String>,
    attributes: Vec<(String, String)>,
}

pub(crate) fn span(service: &str, name: &str) -> Span {
    Span {
        trace: "t".into(),
        service: service.into(),
        name: name.into(),
        start_ns: 0,
        duration_ns: 0,
        parent: None,
        status: SpanStatus::Ok,
        message: None,
        attributes: Vec::new(),
    }
}

impl Span {
    pub(crate) fn at(mut self, start_ms: i64, duration_ms: i64) -> Span {
        (self.start_ns, self.duration_ns) = (ms(start_ms), ms(duration_ms));
        self
    }

    pub(crate) fn under(mut self, parent: u32) -> Span {
        self.parent = Some(parent);
        self
    }

    pub(crate) fn failed(mut self, message: &str) -> Span {
        (self.status, self.message) = (SpanStatus::Error, Some(message.into()));
        self
    }

    pub(crate) fn with(mut self, key: &str, value: &str) -> Span {
        self.attributes.push((key.into(), value.into()));
        self
    }

    pub(crate) fn trace(mut self, trace: &str) -> Span {
        self.trace = trace.into();
        self
    }
}

/// Appends one trace: its spans' parents count from its own first span, its starts from `start_ms`.
pub(crate) fn add_trace(all: &mut Vec<Span>, trace: &str, start_ms: i64, spans: &[Span]) {
    let first = all.len() as u32;
    for span in spans {
        let mut span = span.clone().trace(trace);
        span.parent = span.parent.map(|parent| parent + first);
        span.start_ns += ms(start_ms);
        all.push(span);
    }
}

pub(crate) fn batch(spans: &[Span]) -> SpanBatch {
    let mut batch = SpanBatch::default();
    for span in spans {
        let row = SpanRow {
            trace: &span.trace,
            parent: span.parent,
            orphan: false,
            service: &span.service,
            name: &span.name,
            start_ns: span.start_ns,
            duration_ns: span.duration_ns,
            status: span.status,
            message: span.message.as_deref(),
        };
        batch.push(row, span.attributes.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    }
    batch
}

/// Batches no tracer should send: cycles, strangers, clocks apart, huge and zero durations, repeated spans.
pub(crate) fn any_batch() -> impl Strategy<Value = SpanBatch> {
    let time = prop_oneof![0_i64..50, 0_i64..5_000_000_000, Just(i64::MAX), Just(i64::MIN), Just(-1)];
    let one = (
        0_u8..4,
        0_u8..5,
        time.clone(),
        prop_oneof![time, 0_i64..3],
        proptest::option::of(0_u32..40),
        0_u8..3,
        proptest::option::of(prop_oneof![
            Just("context canceled"),
            Just("deadline exceeded"),
            Just("boom"),
            Just("")
        ]),
        proptest::collection::vec((0_u8..5, -3_i64..600), 0..3),
    );
    proptest::collection::vec(one, 0..40).prop_map(|rows| {
        let mut batch = SpanBatch::default();
        let keys = ["deadline_ms", "rpc.grpc.status_code", "http.status_code", "span.kind", "peer.service"];
        for (trace, name, start_ns, duration_ns, parent, status, message, attributes) in rows {
            let (trace, service) = (format!("t{trace}"), format!("svc-{}", name % 3));
            let row = SpanRow {
                trace: &trace,
                parent,
                orphan: false,
                service: &service,
                name: ["read", "write", "call", "SELECT 1", ""][name as usize],
                start_ns,
                duration_ns,
                status: [SpanStatus::Unset, SpanStatus::Ok, SpanStatus::Error][status as usize],
                message,
            };
            let texts: Vec<(&str, String)> =
                attributes.into_iter().map(|(key, value)| (keys[key as usize], value.to_string())).collect();
            batch.push(row, texts.iter().map(|(key, value)| (*key, value.as_str())));
        }
        // A decoder may have let negative durations through.
        if let Some(first) = batch.durations_ns.first_mut() {
            *first = -5;
        }
        batch
    })
}

/// Every range worth asking for on such a batch.
pub(crate) const RANGES: [(i64, i64); 4] =
    [(i64::MIN, i64::MAX), (0, 2_500_000_000), (2_500_000_000, i64::MAX), (10, 5)];

proptest! {
    #[test]
    fn no_batch_breaks_an_analysis(batch in any_batch()) {
        for before in RANGES {
            for after in RANGES {
                let first = everything(&batch, before, after);
                prop_assert_eq!(first, everything(&batch, before, after));
            }
        }
    }

    #[test]
    fn self_time_lies_between_nothing_and_the_duration(batch in any_batch()) {
        for (row, own) in super::self_times(&batch).into_iter().enumerate() {
            prop_assert!(own >= 0 && own <= batch.durations_ns[row].max(0));
        }
    }
}

/// Results of every analysis over a batch, for tests that only ask that they end and agree.
#[derive(Debug, PartialEq)]
pub(crate) struct Everything {
    operations: (Vec<super::OperationSummary>, Vec<super::OperationChange>),
    errors: Vec<super::ErrorOrigin>,
    edges: (Vec<super::CallEdge>, Vec<super::EdgeChange>, Vec<super::MissingCall>),
    fan_outs: Vec<super::FanOut>,
    retries: Vec<super::RetryChange>,
    attributes: Vec<super::AttributeChange>,
}

pub(crate) fn everything(batch: &SpanBatch, before: (i64, i64), after: (i64, i64)) -> Everything {
    let errors = super::ErrorOptions { baseline: Some(before), ..Default::default() };
    let edges = super::EdgeOptions::default();
    Everything {
        operations: (
            super::operation_stats(batch, after),
            super::compare_operations(batch, before, after, &Default::default()),
        ),
        errors: super::error_origins(batch, after, &errors),
        edges: (
            super::call_edges(batch, after),
            super::slow_edges(batch, before, after, &edges),
            super::missing_calls(batch, before, after, &edges),
        ),
        fan_outs: super::fan_outs(batch, before, after, &Default::default()),
        retries: super::retries(batch, before, after, &Default::default()),
        attributes: super::attribute_changes(batch, before, after, &Default::default()),
    }
}
