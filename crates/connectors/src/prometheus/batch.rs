//! Several queries in one call: a label tells their series apart, and `or` unites them.

use super::client::{Answered, WireSeries};
use super::metrics::Outcome;
use super::plan::Planned;
use super::promql::quoted;

/// The label that tells whose a series is. `or` takes series with equal labels for one, so it has to be there.
const MARK: &str = "midwatch_query";
/// Queries in one call, and bytes of them.
const QUERIES_MAX: usize = 12;
const BYTES_MAX: usize = 6_000;

/// Queries that are asked together.
pub(super) struct Batch<'p> {
    pub(super) queries: Vec<&'p Planned>,
    /// The query that is sent.
    pub(super) query: String,
}

/// All queries in batches, in order.
pub(super) fn of(planned: &[Planned]) -> Vec<Batch<'_>> {
    let mut batches: Vec<Vec<&Planned>> = Vec::new();
    let mut bytes = 0;
    for one in planned {
        bytes += one.query.len();
        match batches.last_mut() {
            Some(batch) if batch.len() < QUERIES_MAX && bytes <= BYTES_MAX => batch.push(one),
            _ => {
                bytes = one.query.len();
                batches.push(vec![one]);
            }
        }
    }
    batches.into_iter().map(Batch::new).collect()
}

impl<'p> Batch<'p> {
    fn new(queries: Vec<&'p Planned>) -> Batch<'p> {
        let marked = |(number, planned): (usize, &&Planned)| {
            let number = quoted(&number.to_string());
            format!("label_replace({}, \"{MARK}\", {number}, \"\", \"\")", planned.query)
        };
        let query = match queries.as_slice() {
            [one] => one.query.clone(),
            many => many.iter().enumerate().map(marked).collect::<Vec<_>>().join(" or "),
        };
        Batch { queries, query }
    }

    /// The answer, query by query; warnings go to the first.
    pub(super) fn apart(&self, answered: Answered<Vec<WireSeries>>) -> Vec<Outcome<'p>> {
        let mut parts: Vec<Answered<Vec<WireSeries>>> =
            self.queries.iter().map(|_| Answered { data: Vec::new(), warnings: Vec::new() }).collect();
        for mut series in answered.data {
            let number = match self.queries.len() {
                1 => Some(0),
                _ => series.metric.remove(MARK).and_then(|number| number.parse::<usize>().ok()),
            };
            // A series without its mark answers nothing that was asked.
            if let Some(part) = number.and_then(|number| parts.get_mut(number)) {
                part.data.push(series);
            }
        }
        if let Some(first) = parts.first_mut() {
            first.warnings = answered.warnings;
        }
        self.queries.iter().copied().zip(parts.into_iter().map(Ok)).collect()
    }
}

#[cfg(test)]
mod tests {
    use midwatch_model::Unit;

    use super::*;

    #[test]
    fn queries_are_united_and_answers_come_apart() {
        let one = |query: &str| Planned {
            metric: query.to_owned(),
            labels: Vec::new(),
            unit: Unit::Unknown,
            query: query.to_owned(),
        };
        let planned: Vec<Planned> = (0..14).map(|number| one(&format!("rate(m{number}[60s])"))).collect();
        let batches = of(&planned);
        assert_eq!(batches.iter().map(|batch| batch.queries.len()).collect::<Vec<_>>(), [12, 2]);
        let last = &batches[1];
        assert_eq!(
            last.query,
            "label_replace(rate(m12[60s]), \"midwatch_query\", \"0\", \"\", \"\") or \
             label_replace(rate(m13[60s]), \"midwatch_query\", \"1\", \"\", \"\")"
        );
        assert!(promql_parser::parser::parse(&last.query).is_ok());
        let series = |mark: Option<&str>| WireSeries {
            metric: mark.map(|mark| (MARK.to_owned(), mark.to_owned())).into_iter().collect(),
            values: Vec::new(),
            value: None,
        };
        let data =
            vec![series(Some("1")), series(Some("0")), series(Some("1")), series(Some("9")), series(None)];
        let apart = last.apart(Answered { data, warnings: vec!["w".to_owned()] });
        let counts: Vec<(usize, usize)> = apart
            .iter()
            .map(|(_, answered)| answered.as_ref().map(|a| (a.data.len(), a.warnings.len())).unwrap())
            .collect();
        assert_eq!(counts, [(1, 1), (2, 0)]);
        assert!(apart.iter().all(|(_, answered)| {
            answered.as_ref().unwrap().data.iter().all(|series| series.metric.is_empty())
        }));
        let long = [one(&"x".repeat(4_000)), one(&"x".repeat(4_000))];
        assert_eq!(of(&long).len(), 2);
    }
}
