//! Reasons about objects that are refused before they exist: service accounts, quotas, limit ranges, pod security,
//! webhooks, priority classes.

mod quotas;
mod refusals;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use quotas::refuses_claim;
pub(crate) use refusals::faults;
