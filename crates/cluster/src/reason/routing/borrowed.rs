//! Routes that take their destination from the variable of another route.
//!
//! A file of routes that names its targets through variables (`${ORDERS_HOST:…}`) has a rule for their names, whatever
//! the services behind them are called. A route with another route's variable leads to that one's place. Whom it was
//! meant for is told by what no route reaches any more: the only such service, the one whose own settings are named
//! like the route, or the one that an alert calls broken.

use std::collections::BTreeSet;

use super::gateways::{bare, rules, sayings};
use super::ground::Ground;
use super::route_files::Route;
use crate::kind::ObjectKey;
use crate::reason::settings;

/// A route whose target stands in a variable that belongs to another route of the file.
pub(super) struct Borrowed<'r> {
    /// The route.
    pub route: &'r Route,
    /// Whose variable it is.
    pub owner: &'r Route,
}

/// Routes with the variable of another. One whose id adds a word to the other's (`auth-users` beside `auth`) shares its
/// place as it should.
pub(super) fn borrowed(routes: &[Route]) -> Vec<Borrowed<'_>> {
    let rules = rules(routes, |route| route.variable.as_deref());
    if rules.is_empty() {
        return Vec::new();
    }
    let fits = |route: &Route, variable: &str| {
        sayings(route).into_iter().any(|(position, saying)| {
            rules.get(&position).is_some_and(|(before, after)| format!("{before}{saying}{after}") == variable)
        })
    };
    let mut found = Vec::new();
    for route in routes {
        let Some(variable) = route.variable.as_deref().map(bare) else { continue };
        if fits(route, &variable) {
            continue;
        }
        let owner = routes
            .iter()
            .find(|other| other.variable == route.variable && *other != route && fits(other, &variable));
        if let Some(owner) = owner.filter(|owner| !words(&owner.id).is_subset(&words(&route.id))) {
            found.push(Borrowed { route, owner });
        }
    }
    found
}

fn words(id: &str) -> BTreeSet<String> {
    id.split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect()
}

/// The place that a route was meant for, and what tells so.
pub(super) struct Meant<'k> {
    /// The service or workload.
    pub place: &'k ObjectKey,
    /// What tells, each in a sentence.
    pub because: Vec<String>,
}

/// Whom of the places that no route reaches a route was meant for; `None` when nothing tells, or signs disagree.
pub(super) fn meant<'k>(
    ground: &Ground<'_>,
    route: &Route,
    unreached: &BTreeSet<&'k ObjectKey>,
    are_callees: bool,
) -> Option<Meant<'k>> {
    let mut places: BTreeSet<&ObjectKey> = BTreeSet::new();
    let mut because = Vec::new();
    let mut told = |by: &[(&'k ObjectKey, String)]| {
        if let [(place, said)] = by {
            places.insert(place);
            because.push(said.clone());
        }
    };
    let stem = stem(&route.id);
    let carries = unreached.iter().filter_map(|place| {
        let setting = setting(ground, place, &stem)?;
        Some((*place, format!("{} is configured with {setting}, as the route is called", place.name)))
    });
    told(&carries.collect::<Vec<_>>());
    let named = unreached.iter().filter(|place| ground.context.named.contains(&place.name));
    let said = |place: &&'k ObjectKey| (*place, format!("an alert names {}", place.name));
    told(&named.map(said).collect::<Vec<_>>());
    if are_callees && unreached.len() == 1 {
        let only = unreached.iter().map(|place| (*place, format!("no route leads to {}", place.name)));
        told(&only.collect::<Vec<_>>());
    }
    let mut places = places.into_iter();
    let place = places.next()?;
    places.next().is_none().then_some(Meant { place, because })
}

/// `wait-order` → `WAIT_ORDER_`.
fn stem(id: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' };
    id.chars().map(plain).chain(['_']).collect()
}

/// Name of a setting of the workload behind a place that begins with `stem`.
fn setting(ground: &Ground<'_>, place: &ObjectKey, stem: &str) -> Option<String> {
    if stem.len() < 4 {
        return None;
    }
    let behind = ground.selected(place);
    let same = ground
        .in_namespace(&place.namespace)
        .filter(|at| ground.workloads.get(*at).is_some_and(|workload| workload.key == *place));
    behind.chain(same).find_map(|at| {
        let workload = ground.workloads.get(at)?;
        ground
            .containers(at)
            .flat_map(|container| settings::of_container(ground.picture, &workload.key, container))
            .map(|setting| setting.name)
            .find(|name| name.to_ascii_uppercase().starts_with(stem))
    })
}
