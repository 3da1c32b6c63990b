//! Reading diffs as behaviour removed and added.
