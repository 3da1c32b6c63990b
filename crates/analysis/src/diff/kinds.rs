//! The vocabulary of changed behaviour and what each word weighs.

/// Kind and weight of one instance that is as strong as it gets, 0 to 1. The order carries no meaning.
///
/// Set by judgement: deleted guards, limits, locks, closers and calls weigh most, pure additions less, text nothing.
pub const KINDS: &[(&str, f64)] = &[
    ("guard_removed", 0.8),
    ("guard_added", 0.15),
    ("validation_removed", 0.8),
    ("validation_tightened", 0.5),
    ("null_check_removed", 0.8),
    ("call_removed", 0.5),
    ("call_added", 0.2),
    ("call_in_loop_added", 0.85),
    ("query_added", 0.5),
    ("query_changed", 0.6),
    ("limit_removed", 0.85),
    ("limit_lowered", 0.75),
    ("limit_raised", 0.7),
    ("timeout_lowered", 0.85),
    ("timeout_raised", 0.75),
    ("timeout_removed", 0.8),
    ("timeout_added", 0.45),
    ("retry_raised", 0.8),
    ("retry_added", 0.6),
    ("retry_lowered", 0.6),
    ("retry_removed", 0.6),
    ("backoff_removed", 0.8),
    ("backoff_changed", 0.6),
    ("pool_lowered", 0.9),
    ("pool_raised", 0.7),
    ("concurrency_lowered", 0.8),
    ("concurrency_raised", 0.75),
    ("batch_removed", 0.8),
    ("batch_size_changed", 0.7),
    ("cache_removed", 0.85),
    ("cache_added", 0.4),
    ("cache_ttl_lowered", 0.8),
    ("cache_ttl_raised", 0.6),
    ("cache_size_lowered", 0.75),
    ("cache_size_raised", 0.65),
    ("cache_key_changed", 0.7),
    ("close_removed", 0.85),
    ("resource_kept", 0.55),
    ("lock_added", 0.6),
    ("lock_removed", 0.85),
    ("lock_widened", 0.75),
    ("transaction_widened", 0.7),
    ("sync_to_async", 0.55),
    ("async_to_sync", 0.7),
    ("sleep_added", 0.65),
    ("loop_added", 0.25),
    ("recursion_added", 0.5),
    ("error_swallowed", 0.65),
    ("error_handling_removed", 0.7),
    ("error_handling_added", 0.1),
    ("default_changed", 0.5),
    ("constant_changed", 0.5),
    ("condition_changed", 0.6),
    ("field_renamed", 0.65),
    ("schema_changed", 0.6),
    ("table_used_without_migration", 0.5),
    ("migration_added", 0.4),
    ("index_dropped", 0.85),
    ("serialization_changed", 0.6),
    ("contract_changed", 0.65),
    ("endpoint_changed", 0.65),
    ("host_or_port_changed", 0.7),
    ("env_var_changed", 0.55),
    ("permission_changed", 0.6),
    ("auth_changed", 0.6),
    ("certificate_changed", 0.65),
    ("credential_changed", 0.65),
    ("log_level_lowered", 0.4),
    ("log_level_raised", 0.08),
    ("log_added_in_hot_path", 0.3),
    ("log_added", 0.02),
    ("sampling_raised", 0.4),
    ("sampling_lowered", 0.2),
    ("feature_default_changed", 0.65),
    ("replicas_lowered", 0.8),
    ("replicas_raised", 0.4),
    ("resources_lowered", 0.8),
    ("resources_raised", 0.3),
    ("image_changed", 0.4),
    ("dependency_bumped", 0.3),
    ("dependency_downgraded", 0.35),
    ("dependency_added", 0.1),
    ("dependency_removed", 0.2),
    ("schedule_changed", 0.6),
    ("dns_or_route_changed", 0.65),
    ("rounding_or_arithmetic_changed", 0.55),
    ("regex_changed", 0.6),
    ("ordering_changed", 0.35),
    ("removed_registration", 0.75),
    ("registration_added", 0.2),
    ("thread_or_goroutine_added", 0.5),
    ("memory_allocation_raised", 0.6),
    ("payload_grown", 0.5),
    ("consumer_changed", 0.65),
    ("pagination_removed", 0.75),
    ("index_hint_changed", 0.6),
    ("encryption_or_hash_cost_raised", 0.8),
    ("logic_added", 0.08),
    ("logic_removed", 0.25),
    ("logic_changed", 0.25),
    ("setting_added", 0.2),
    ("setting_removed", 0.4),
    ("text_only", 0.01),
];

/// What a kind weighs at most; 0 for a word that is none.
pub fn weight_of(kind: &str) -> f64 {
    KINDS.iter().find(|(known, _)| *known == kind).map_or(0.0, |(_, weight)| *weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn kinds_are_distinct_and_weigh_between_nothing_and_one() {
        let distinct: BTreeSet<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(distinct.len(), KINDS.len());
        assert!(KINDS.iter().all(|(_, weight)| *weight > 0.0 && *weight <= 1.0));
        assert_eq!(weight_of("no such kind"), 0.0);
    }
}
