//! Causal graphs and ranking of origins.
