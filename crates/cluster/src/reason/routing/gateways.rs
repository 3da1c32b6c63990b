//! Gateways whose routes lead to the wrong place.
//!
//! What is right is learnt from the other routes of the same file: if most of them send `a` to `pre-a-post`, then
//! `b` belongs to `pre-b-post`. A route is wrong when its own id or path says so, that place exists, and it leads
//! elsewhere; names that follow no rule (aliases) say nothing.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::ConfigMap;

use super::address::{HostPort, Target, target};
use super::borrowed::{self, Borrowed};
use super::ground::Ground;
use super::route_files::{Route, routes};
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Fact, Record};
use crate::remedy;

/// Routes that a rule must fit, and the share of all that is.
const RULE_ROUTES_MIN: usize = 3;
const RULE_SHARE_MIN: f64 = 0.6;

/// Wrong routes of every config map that holds routes.
pub(super) fn faults(ground: &Ground<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for map in ground.picture.config_maps.iter() {
        for text in map.object.data.iter().flat_map(|data| data.values()) {
            let mut found = routes(text);
            if found.is_empty() {
                continue;
            }
            let gateway = users(ground, map);
            for route in &mut found {
                settle(ground, &gateway, route);
            }
            found.retain(|route| !route.host.is_empty());
            faults.extend(wrong(ground, map, &gateway, &found));
        }
    }
    faults
}

/// Workloads that use a config map.
fn users(ground: &Ground<'_>, map: &Record<ConfigMap>) -> Vec<usize> {
    let uses = |at: &usize| {
        let Some(workload) = ground.workloads.get(*at) else { return false };
        let volumes = workload.spec().and_then(|spec| spec.volumes.as_deref()).unwrap_or_default();
        workload.key.namespace == map.key.namespace
            && (volumes
                .iter()
                .any(|volume| volume.config_map.as_ref().is_some_and(|found| found.name == map.key.name))
                || ground.containers(*at).any(|container| {
                    let from = container.env_from.iter().flatten();
                    from.into_iter().any(|from| {
                        from.config_map_ref.as_ref().is_some_and(|found| found.name == map.key.name)
                    })
                }))
    };
    (0..ground.workloads.len()).filter(uses).collect()
}

/// A variable of the gateway replaces the default of a placeholder.
fn settle(ground: &Ground<'_>, gateway: &[usize], route: &mut Route) {
    let Some(variable) = &route.variable else { return };
    let value = gateway
        .iter()
        .flat_map(|at| ground.containers(*at))
        .flat_map(|container| container.env.iter().flatten())
        .find(|set| set.name == *variable)
        .and_then(|set| set.value.clone());
    if let Some(value) = value {
        route.host = value;
    }
}

/// The letters and digits of a text.
pub(super) fn bare(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// What a route says of its destination: its id, and each segment of its path.
pub(super) fn sayings(route: &Route) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    if !route.id.is_empty() {
        found.push((0, bare(&route.id)));
    }
    let segments = route.path.split('/').filter(|part| !part.is_empty() && !part.contains(['*', '{']));
    found.extend(segments.enumerate().map(|(at, part)| (at + 1, bare(part))));
    found.retain(|(_, text)| text.len() >= 2);
    found
}

/// How a saying becomes a name: what stands before it and after it.
type Affixes = (String, String);

/// For each position of a saying the affixes that most routes agree on, to get the name that `name_of` a route gives.
pub(super) fn rules<'r>(
    routes: &'r [Route],
    name_of: impl Fn(&'r Route) -> Option<&'r str>,
) -> BTreeMap<usize, Affixes> {
    let mut votes: BTreeMap<usize, (usize, BTreeMap<Affixes, usize>)> = BTreeMap::new();
    for route in routes {
        let Some(name) = name_of(route).map(bare) else { continue };
        for (position, saying) in sayings(route) {
            let (all, fitting) = votes.entry(position).or_default();
            *all += 1;
            if let Some((before, after)) = name.split_once(saying.as_str()) {
                *fitting.entry((before.to_owned(), after.to_owned())).or_default() += 1;
            }
        }
    }
    let mut rules = BTreeMap::new();
    for (position, (all, fitting)) in votes {
        if let Some((affixes, count)) = fitting.into_iter().max_by_key(|(_, count)| *count)
            && count >= RULE_ROUTES_MIN
            && count as f64 >= RULE_SHARE_MIN * all as f64
        {
            rules.insert(position, affixes);
        }
    }
    rules
}

fn wrong(ground: &Ground<'_>, map: &Record<ConfigMap>, gateway: &[usize], routes: &[Route]) -> Vec<Fault> {
    let rules = rules(routes, |route| Some(route.host.as_str()));
    let places = places(ground, &map.key.namespace);
    let hosts: BTreeSet<&str> = routes.iter().map(|route| route.host.as_str()).collect();
    let mut faults = Vec::new();
    if rules.is_empty() {
        faults.extend(taken_from(ground, map, gateway, routes, &places));
        if faults.is_empty() {
            faults.extend(borrowers(ground, map, gateway, routes, &places));
        }
    }
    for route in routes {
        let predictions: Vec<(usize, String)> = sayings(route)
            .into_iter()
            .filter_map(|(position, saying)| {
                let (before, after) = rules.get(&position)?;
                Some((position, format!("{before}{saying}{after}")))
            })
            .collect();
        let own = bare(&route.host);
        if predictions.iter().any(|(_, expected)| *expected == own) {
            continue;
        }
        let elsewhere = predictions.iter().filter_map(|(_, expected)| places.get(expected));
        let expected: BTreeSet<&ObjectKey> = elsewhere.clone().collect();
        if let [meant] = expected.into_iter().collect::<Vec<_>>()[..] {
            let witnesses = elsewhere.count();
            // Its destination belongs to a sibling, or what it should lead to is reached by no route.
            let orphaned = !hosts.contains(meant.name.as_str());
            let certain = witnesses >= 2 || orphaned;
            faults.push(misroute(ground, map, gateway, route, meant, certain));
        } else if !exists(ground, &map.key.namespace, route, &places) {
            faults.push(dead_end(ground, map, gateway, route));
        }
    }
    faults
}

/// Where names follow no rule: the one place that the gateway is known to call and that no route reaches, while another
/// place is reached by two routes. One of the two is the missing one's; which, the names do not tell.
fn taken_from(
    ground: &Ground<'_>,
    map: &Record<ConfigMap>,
    gateway: &[usize],
    routes: &[Route],
    places: &BTreeMap<String, ObjectKey>,
) -> Option<Fault> {
    let name = &ground.workloads.get(*gateway.first()?)?.key.name;
    let mut routes_to: BTreeMap<&str, Vec<&Route>> = BTreeMap::new();
    for route in routes {
        routes_to.entry(route.host.as_str()).or_default().push(route);
    }
    let unreached = unreached_callees(ground, name, routes, places);
    let doubled: Vec<&Vec<&Route>> = routes_to.values().filter(|routes| routes.len() >= 2).collect();
    let ([meant], [siblings]) = (&unreached.into_iter().collect::<Vec<_>>()[..], &doubled[..]) else {
        return None;
    };
    let route = siblings.first()?;
    let mut fault = misroute(ground, map, gateway, route, meant, false);
    fault.summary = format!(
        "in {name}, {} routes lead to {} and none to {}, which {name} is known to call ({} {})",
        siblings.len(),
        route.host,
        meant.name,
        Kind::ConfigMap,
        map.key.name
    );
    fault.facts.truncate(1);
    fault.facts.extend(siblings.iter().skip(1).map(|route| {
        route_fact(ground, map, route, format!("{} leads to {} too", called(route), route.written))
    }));
    fault.remedy = format!(
        "Find out which of them was meant for {} and let it lead there: {}",
        meant.name,
        remedy::on("edit", &map.key)
    );
    Some(fault)
}

/// Places that the gateway is known to call and that no route leads to.
fn unreached_callees<'p>(
    ground: &Ground<'_>,
    gateway: &str,
    routes: &[Route],
    places: &'p BTreeMap<String, ObjectKey>,
) -> BTreeSet<&'p ObjectKey> {
    let hosts: BTreeSet<&str> = routes.iter().map(|route| route.host.as_str()).collect();
    let callees =
        ground.context.calls.iter().filter(|(caller, _)| caller == gateway).map(|(_, callee)| callee);
    callees
        .filter(|callee| !hosts.contains(callee.as_str()))
        .filter_map(|callee| places.get(&bare(callee)))
        .collect()
}

/// Routes that use the variable of another route. The place that such a route was meant for is one that no route reaches.
fn borrowers(
    ground: &Ground<'_>,
    map: &Record<ConfigMap>,
    gateway: &[usize],
    routes: &[Route],
    places: &BTreeMap<String, ObjectKey>,
) -> Vec<Fault> {
    let name = gateway_name(ground, map, gateway);
    let mut unreached = unreached_callees(ground, &name, routes, places);
    let are_callees = !unreached.is_empty();
    if !are_callees && !ground.context.calls.iter().any(|(caller, _)| *caller == name) {
        let hosts: BTreeSet<&str> = routes.iter().map(|route| route.host.as_str()).collect();
        unreached.extend(
            places.values().filter(|place| !hosts.contains(place.name.as_str()) && place.name != name),
        );
    }
    let fault = |found: &Borrowed<'_>| {
        let Borrowed { route, owner } = found;
        let variable = route.variable.as_deref().unwrap_or_default();
        let mut fault = match borrowed::meant(ground, route, &unreached, are_callees) {
            Some(meant) => {
                let mut fault = misroute(ground, map, gateway, route, meant.place, true);
                fault.facts.truncate(1);
                fault.facts.extend(
                    meant.because.into_iter().map(|said| ground.fact(&meant.place.clone(), &[], said)),
                );
                fault
            }
            None => {
                let mut fault = dead_end(ground, map, gateway, route);
                fault.summary = format!("in {name}, {} leads to {}", called(route), route.host);
                fault.neighbours = vec![FaultKind::ClientAddressWrong];
                if unreached.is_empty() {
                    fault.standing = Standing::Latent;
                }
                fault
            }
        };
        let owned = format!(
            "{variable} is the variable of {}, and most routes here have one of their own",
            called(owner)
        );
        fault.summary = format!("{}: {owned}", fault.summary);
        fault.facts.push(route_fact(ground, map, owner, owned));
        fault
    };
    borrowed::borrowed(routes).iter().map(fault).collect()
}

/// Services and workloads that a route may lead to, by the letters of their names.
fn places(ground: &Ground<'_>, namespace: &str) -> BTreeMap<String, ObjectKey> {
    let mut places: BTreeMap<String, ObjectKey> = BTreeMap::new();
    for service in ground.picture.services.in_namespace(namespace) {
        places.insert(bare(&service.key.name), service.key.clone());
    }
    for workload in ground.workloads.iter().filter(|workload| workload.key.namespace == namespace) {
        places.entry(bare(&workload.key.name)).or_insert_with(|| workload.key.clone());
    }
    places
}

/// Whether the destination is somewhere, or cannot be known not to be.
fn exists(ground: &Ground<'_>, namespace: &str, route: &Route, places: &BTreeMap<String, ObjectKey>) -> bool {
    if route.by_registry {
        // A registry may know names that the cluster does not.
        return true;
    }
    let found = HostPort { host: route.host.clone(), port: route.port, scheme: None };
    let Some(Target { namespace: at, host, .. }) = target(ground, namespace, &found) else { return true };
    let services = &ground.picture.services;
    places.contains_key(&bare(&host)) || !services.is_listed(&at) || !services.get(&at, &host).is_absent()
}

fn gateway_name(ground: &Ground<'_>, map: &Record<ConfigMap>, gateway: &[usize]) -> String {
    match gateway.first().and_then(|at| ground.workloads.get(*at)) {
        Some(workload) => workload.key.name.clone(),
        None => format!("whoever reads {}", map.key.name),
    }
}

fn called(route: &Route) -> String {
    match (route.id.is_empty(), route.path.is_empty()) {
        (false, false) => format!("the route {} for {}", route.id, route.path),
        (false, true) => format!("the route {}", route.id),
        _ => format!("the route for {}", route.path),
    }
}

fn misroute(
    ground: &Ground<'_>,
    map: &Record<ConfigMap>,
    gateway: &[usize],
    route: &Route,
    meant: &ObjectKey,
    certain: bool,
) -> Fault {
    let name = gateway_name(ground, map, gateway);
    let object = match ground.selected(meant).next().and_then(|at| ground.workloads.get(at)) {
        Some(workload) if workload.key.name == meant.name => workload.key.clone(),
        _ => meant.clone(),
    };
    let mut facts: Vec<Fact> = Vec::new();
    let statement = format!("{} leads to {}", called(route), route.written);
    facts.push(route_fact(ground, map, route, statement));
    let statement = format!("the other routes of {} that look like it lead to what they name", map.key.name);
    facts.push(ground.fact(&map.key, &[&route.path, &route.id], statement));
    let mut explains = vec![object.clone(), meant.clone()];
    explains.dedup();
    Fault {
        kind: FaultKind::RouteWrong,
        subject: route.id.clone(),
        object,
        standing: Standing::Active,
        certainty: if certain { Certainty::Shown } else { Certainty::Suspected },
        summary: format!(
            "in {name}, {} leads to {} instead of {} ({} {})",
            called(route),
            route.host,
            meant.name,
            Kind::ConfigMap,
            map.key.name
        ),
        facts,
        explains,
        neighbours: vec![FaultKind::ClientAddressWrong],
        remedy: format!(
            "Let {} lead to {}: {}, then restart {name}",
            called(route),
            meant.name,
            remedy::on("edit", &map.key)
        ),
    }
}

/// Quotes the target's line that belongs to this route, not the first line with the same target.
fn route_fact(ground: &Ground<'_>, map: &Record<ConfigMap>, route: &Route, statement: String) -> Fact {
    let marks = [format!("id: {}", route.id), route.path.clone()];
    for origin in ground.picture.origins(&map.key) {
        let lines: Vec<&str> = ground.picture.part(origin).lines().take(50_000).collect();
        let is_target = |line: &&str| line.contains(&route.written);
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| is_target(line)) {
            let near = lines.get(at.saturating_sub(3)..(at + 4).min(lines.len())).unwrap_or_default();
            let belongs = marks.iter().any(|mark| {
                mark.len() > 4 && near.iter().any(|other| other.trim_end().ends_with(mark.as_str()))
            });
            if belongs {
                let source = ground.picture.source(origin).to_owned();
                return Fact { statement, source, quote: line.trim().chars().take(400).collect() };
            }
        }
    }
    ground.fact(&map.key, &[&route.written], statement)
}

fn dead_end(ground: &Ground<'_>, map: &Record<ConfigMap>, gateway: &[usize], route: &Route) -> Fault {
    let name = gateway_name(ground, map, gateway);
    let object = gateway
        .first()
        .and_then(|at| ground.workloads.get(*at))
        .map_or_else(|| map.key.clone(), |one| one.key.clone());
    let statement = format!("{} leads to {}", called(route), route.written);
    Fault {
        kind: FaultKind::RouteWrong,
        subject: route.id.clone(),
        // Without a path it may be any list of addresses, not one of routes.
        standing: match gateway.is_empty() || route.path.is_empty() {
            true => Standing::Latent,
            false => Standing::Active,
        },
        certainty: Certainty::Suspected,
        summary: format!("in {name}, {} leads to {}, which does not exist", called(route), route.host),
        facts: vec![route_fact(ground, map, route, statement)],
        explains: vec![object.clone()],
        neighbours: vec![FaultKind::ServiceMissing],
        remedy: format!("Correct the target: {}, then restart {name}", remedy::on("edit", &map.key)),
        object,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Capture;
    use crate::context::Context;
    use crate::picture::Picture;

    /// A gateway with one route for each target, whose ids and paths say nothing of them.
    fn found(targets: &[&str], called: &[&str]) -> Vec<(ObjectKey, Certainty)> {
        let mut text = String::from(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: gate-config, namespace: shop, uid: u}\ndata:\n  application.yml: |\n    \
             routes:\n",
        );
        for (at, target) in targets.iter().enumerate() {
            let id = ["red", "blue", "green", "white"].get(at).unwrap();
            text.push_str(&format!(
                "      - id: {id}\n        uri: http://{target}:80\n        predicates:\n          - Path=/{id}/**\n"
            ));
        }
        text.push_str(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: gate, namespace: shop, uid: u}\nspec:\n  selector: \
             {matchLabels: {app: gate}}\n  template:\n    metadata: {labels: {app: gate}}\n    spec:\n      containers: [{name: \
             gate}]\n      volumes: [{name: config, configMap: {name: gate-config}}]\n",
        );
        for name in ["svc-a", "svc-b", "svc-c", "svc-d"] {
            text.push_str(&format!(
                "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop, uid: u}}\nspec: {{selector: {{app: \
                 {name}}}, ports: [{{port: 80}}]}}\n"
            ));
        }
        let mut capture = Capture::default();
        capture.push("kubectl get cm,deploy,svc -n shop -o yaml", text);
        let picture = Picture::read(capture, None);
        let calls = called.iter().map(|callee| ("gate".to_owned(), (*callee).to_owned())).collect();
        let context = Context { calls, ..Context::default() };
        faults(&Ground::new(&picture, &context))
            .into_iter()
            .map(|fault| (fault.object, fault.certainty))
            .collect()
    }

    #[test]
    fn a_place_that_is_called_and_not_reached_is_missed_where_another_is_reached_twice() {
        let meant = ObjectKey::new(Kind::Service, "shop", "svc-b");
        let all = ["svc-a", "svc-b", "svc-c", "svc-d"];
        assert_eq!(found(&["svc-a", "svc-c", "svc-c", "svc-d"], &all), [(meant, Certainty::Suspected)]);
        assert_eq!(found(&all, &all), [], "every place has its route");
        assert_eq!(
            found(&["svc-a", "svc-c", "svc-c", "svc-d"], &["svc-a", "svc-c"]),
            [],
            "nobody calls the other"
        );
        assert_eq!(found(&["svc-a", "svc-c", "svc-d"], &all), [], "nothing took its route");
    }

    /// A gateway whose routes have targets in variables, with services called `svc-…` that say nothing of them: the
    /// second route has the variable of the third.
    fn borrowed(named: &[&str], settings: &str, ids: [&str; 4]) -> Vec<(ObjectKey, Certainty, Standing)> {
        let mut text = String::from(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: gate-config, namespace: shop, uid: u}\ndata:\n  application.yml: |\n    \
             routes:\n",
        );
        let variables = [ids[0], ids[2], ids[2], ids[3]];
        for ((id, variable), to) in ids.iter().zip(variables).zip(["svc-a", "svc-c", "svc-c", "svc-d"]) {
            let variable = variable.to_ascii_uppercase();
            text.push_str(&format!(
                "      - id: {id}\n        uri: http://${{{variable}_HOST:{to}}}:80\n        predicates:\n          - Path=/x/{id}/**\n"
            ));
        }
        text.push_str(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: gate, namespace: shop, uid: u}\nspec:\n  selector: \
             {matchLabels: {app: gate}}\n  template:\n    metadata: {labels: {app: gate}}\n    spec:\n      containers: [{name: \
             gate}]\n      volumes: [{name: config, configMap: {name: gate-config}}]\n",
        );
        for name in ["svc-a", "svc-b", "svc-c", "svc-d", "svc-e"] {
            let env = if name == "svc-b" { settings } else { "" };
            text.push_str(&format!(
                "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop, uid: u}}\nspec: {{selector: {{app: \
                 {name}}}, ports: [{{port: 80}}]}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: \
                 shop, uid: u}}\nspec: {{selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: \
                 {name}}}}}, spec: {{containers: [{{name: main, env: [{env}]}}]}}}}}}\n"
            ));
        }
        let mut capture = Capture::default();
        capture.push("kubectl get cm,deploy,svc -n shop -o yaml", text);
        let picture = Picture::read(capture, None);
        let callees = ["svc-a", "svc-b", "svc-c", "svc-d", "svc-e"];
        let calls = callees.iter().map(|callee| ("gate".to_owned(), (*callee).to_owned())).collect();
        let named = named.iter().map(|name| (*name).to_owned()).collect();
        let context = Context { calls, named, ..Context::default() };
        faults(&Ground::new(&picture, &context))
            .into_iter()
            .map(|fault| (fault.object, fault.certainty, fault.standing))
            .collect()
    }

    #[test]
    fn a_route_with_the_variable_of_another_was_meant_for_whom_its_settings_or_the_alert_name() {
        let ids = ["red", "blue", "green", "white"];
        let of =
            |name: &str| (ObjectKey::new(Kind::Deployment, "shop", name), Certainty::Shown, Standing::Active);
        assert_eq!(borrowed(&[], "{name: BLUE_DB, value: x}", ids), [of("svc-b")]);
        assert_eq!(borrowed(&["svc-e", "svc-a"], "", ids), [of("svc-e")]);
        // Nothing tells whom it was meant for, or two signs disagree: the gateway is to be looked at.
        let gate = (ObjectKey::new(Kind::Deployment, "shop", "gate"), Certainty::Suspected, Standing::Active);
        assert_eq!(borrowed(&[], "", ids), std::slice::from_ref(&gate));
        assert_eq!(borrowed(&["svc-e"], "{name: BLUE_DB, value: x}", ids), [gate]);
        // A route beside the one whose place it shares.
        assert_eq!(borrowed(&[], "", ["red", "green-old", "green", "white"]), []);
    }
}
