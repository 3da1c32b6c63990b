//! Whose fault a refusal is.

use std::collections::{BTreeMap, BTreeSet};

use super::clients::{Link, Password, offered};
use super::complaints::{Complaint, Refusal};
use crate::fault::{Certainty, Fault, FaultKind};
use crate::kind::ObjectKey;
use crate::picture::{Fact, Picture};
use crate::reason::symptoms::{Logs, active, broken};
use crate::reason::workload::Workload;
use crate::remedy;

/// Nobody listens at the address a client calls.
const UNREACHED: [&str; 6] = [
    "Communications link failure",
    "onnection refused",
    "ECONNREFUSED",
    "could not connect to server",
    "Can't connect to MySQL server",
    "No reachable",
];

fn lacking<'a, 'w>(workloads: &'a [Workload<'w>], key: &ObjectKey) -> Option<&'a Workload<'w>> {
    workloads.binary_search_by(|workload| workload.key.cmp(key)).ok().and_then(|at| workloads.get(at))
}

/// Clients whose port no service of the database offers.
pub(super) fn wrong_ports(
    picture: &Picture,
    workloads: &[Workload<'_>],
    links: &[Link],
    logs: &Logs<'_>,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    for link in links {
        let offered = offered(picture, &link.service);
        let Some(port) = link.port.filter(|port| !offered.is_empty() && !offered.contains(port)) else {
            continue;
        };
        let Some(client) = lacking(workloads, &link.client) else { continue };
        let line = logs.last_line(&link.client, None, &UNREACHED);
        // A client that is well has another way, or does not use this one.
        if !client.lacks_pods() && line.is_none() {
            continue;
        }
        let certainty = if line.is_some() { Certainty::Stated } else { Certainty::Shown };
        let mut fault = active(FaultKind::ClientPortWrong, &link.client, certainty);
        "database".clone_into(&mut fault.subject);
        let numbers: Vec<String> = offered.iter().map(i32::to_string).collect();
        let numbers = numbers.join(", ");
        let (holder, name) = &link.setting;
        fault.summary = format!(
            "{} calls its database {} on port {port} ({name} of {holder}), which offers {numbers}",
            link.client, link.service
        );
        // Secrets are quoted by name only.
        fault.facts.push(picture.fact(holder, name, format!("{name} of {holder} is {port}")));
        let statement = format!("{} offers port {numbers}", link.service);
        fault.facts.push(picture.fact(&link.service, numbers.split(',').next().unwrap_or(""), statement));
        if let Some(line) = line {
            fault.facts.push(picture.fact_at(
                line.log.origin,
                line.text,
                format!("{} is refused", link.client),
            ));
        }
        fault.explains = broken(picture, client);
        fault.neighbours = vec![FaultKind::ServicePortMismatch];
        fault.remedy = format!(
            "set {name} of {holder} to {numbers}, {}, and restart {}: {}",
            remedy::on("edit", holder),
            link.client,
            remedy::restart(&link.client)
        );
        faults.push(fault);
    }
    faults
}

/// Databases that refuse, and clients that are refused alone.
pub(super) fn refusals(
    picture: &Picture,
    workloads: &[Workload<'_>],
    links: &[Link],
    complaints: &BTreeMap<ObjectKey, Vec<Complaint<'_>>>,
) -> Vec<Fault> {
    let servers: BTreeSet<&ObjectKey> = links.iter().map(|link| &link.server).collect();
    let mut clients_of: BTreeMap<&ObjectKey, BTreeMap<&ObjectKey, &Link>> = BTreeMap::new();
    for link in links {
        clients_of.entry(&link.server).or_default().entry(&link.client).or_insert(link);
    }
    let mut faults = Vec::new();
    for refusal in [Refusal::ReadOnly, Refusal::Exhausted, Refusal::Credentials] {
        // Who is refused now, by the database it may be refused by.
        let mut refused: BTreeMap<&ObjectKey, Vec<(&ObjectKey, Complaint<'_>)>> = BTreeMap::new();
        for (client, said) in complaints {
            let Some(workload) = lacking(workloads, client) else { continue };
            if servers.contains(client) {
                continue;
            }
            let Some(complaint) = strongest(workload, said, refusal) else { continue };
            let own = links.iter().filter(|link| link.client == *client);
            if let Some(link) = own.max_by_key(|link| likelihood(link, complaints, refusal)) {
                refused.entry(&link.server).or_default().push((client, complaint));
            } else if workload.lacks_pods() && refusal == Refusal::Credentials {
                faults.push(alone(picture, workload, None, complaint, 1));
            }
        }
        for (server, refused) in &refused {
            let all = clients_of.get(server).map_or(refused.len(), BTreeMap::len);
            if refusal == Refusal::Credentials && (refused.len() < all || all == 1) {
                for (client, complaint) in refused {
                    let Some(workload) = lacking(workloads, client) else { continue };
                    let link = clients_of.get(server).and_then(|clients| clients.get(client)).copied();
                    let others = clients_of.get(server);
                    let mut fault = alone(picture, workload, link, *complaint, all);
                    differs(link, others, &mut fault);
                    faults.push(fault);
                }
                continue;
            }
            let own =
                complaints.get(*server).and_then(|said| said.iter().find(|said| said.refusal == refusal));
            faults.push(of_server(picture, workloads, server, refusal, refused, own.copied()));
        }
    }
    faults
}

/// The complaint that counts, if one still does: of a client that is down any, of one that is up only those that go on
/// and, for connections, repeat.
fn strongest<'a>(workload: &Workload<'_>, said: &[Complaint<'a>], refusal: Refusal) -> Option<Complaint<'a>> {
    let of = said.iter().filter(|said| said.refusal == refusal);
    let is_down = workload.lacks_pods();
    let current = of.filter(|said| match (is_down, refusal) {
        (true, _) => true,
        (false, _) if said.log.previous || said.is_over => false,
        (false, Refusal::ReadOnly) => true,
        (false, _) => said.count >= 3 && workload.states().all(|(_, state)| state.restarts == 0),
    });
    current.max_by_key(|said| (!said.log.previous, said.count)).copied()
}

/// How likely a link is the one complained of: the server says the same itself; the client has a password for it.
fn likelihood(
    link: &Link,
    complaints: &BTreeMap<ObjectKey, Vec<Complaint<'_>>>,
    refusal: Refusal,
) -> (bool, bool) {
    let says =
        complaints.get(&link.server).is_some_and(|said| said.iter().any(|said| said.refusal == refusal));
    (says && refusal != Refusal::Credentials, link.password.is_some())
}

fn of_server(
    picture: &Picture,
    workloads: &[Workload<'_>],
    server: &ObjectKey,
    refusal: Refusal,
    refused: &[(&ObjectKey, Complaint<'_>)],
    own: Option<Complaint<'_>>,
) -> Fault {
    let (kind, what, remedy) = match refusal {
        Refusal::ReadOnly => (
            FaultKind::DatabaseReadOnly,
            "accepts no writes",
            "make it writable again (read_only=OFF, default_transaction_read_only=off), or let clients call the primary",
        ),
        Refusal::Exhausted => (
            FaultKind::ConnectionsExhausted,
            "accepts no more connections",
            "raise the limit of connections (max_connections), or let clients hold fewer",
        ),
        Refusal::Credentials => (
            FaultKind::CredentialsRefused,
            "refuses the credentials of all its clients",
            "set the password that the clients use again in the database, or give them the new one",
        ),
    };
    let mut fault = active(kind, server, Certainty::Stated);
    let names: Vec<&str> = refused.iter().take(5).map(|(client, _)| client.name.as_str()).collect();
    let more = if refused.len() > names.len() { ", …" } else { "" };
    fault.summary =
        format!("{server} {what}: {} clients are refused ({}{more})", refused.len(), names.join(", "));
    for (client, complaint) in refused.iter().take(3) {
        let statement = format!("{client} is refused, {} times in its log", complaint.count);
        fault.facts.push(picture.fact_at(complaint.log.origin, complaint.line, statement));
    }
    if let Some(own) = own.filter(|_| refusal != Refusal::Credentials) {
        let statement = format!("{server} says so itself, {} times in its log", own.count);
        fault.facts.push(picture.fact_at(own.log.origin, own.line, statement));
    }
    fault.explains.push(server.clone());
    for (client, _) in refused {
        match lacking(workloads, client) {
            Some(workload) => fault.explains.extend(broken(picture, workload)),
            None => fault.explains.push((*client).clone()),
        }
    }
    fault.remedy = format!("{server}: {remedy}; what it says: {}", remedy::logs(server, "", false));
    fault
}

/// One client of many is refused: its own settings are wrong.
fn alone(
    picture: &Picture,
    client: &Workload<'_>,
    link: Option<&Link>,
    complaint: Complaint<'_>,
    all: usize,
) -> Fault {
    let mut fault = active(FaultKind::CredentialsRefused, &client.key, Certainty::Stated);
    let (database, holder) = match link {
        Some(link) => (link.service.to_string(), link.setting.0.to_string()),
        None => ("its database".to_owned(), "its settings".to_owned()),
    };
    let others = if all > 1 { format!("; the other clients of {database} are not") } else { String::new() };
    fault.summary = format!("{} is refused by {database}: its user or password is wrong{others}", client.key);
    let statement = format!("{} is refused, {} times in its log", client.key, complaint.count);
    fault.facts.push(picture.fact_at(complaint.log.origin, complaint.line, statement));
    fault.explains = broken(picture, client);
    fault.remedy = format!(
        "correct user and password of {database} in {holder} and restart {}: {}",
        client.key,
        remedy::restart(&client.key)
    );
    fault
}

/// Compares the client's password with that of its siblings, without telling either.
fn differs(link: Option<&Link>, others: Option<&BTreeMap<&ObjectKey, &Link>>, fault: &mut Fault) {
    let (Some(link), Some(others)) = (link, others) else { return };
    let Some(own) = &link.password else { return };
    let known: Vec<&Password> = others
        .values()
        .filter(|other| other.client != link.client)
        .filter_map(|other| other.password.as_ref())
        .collect();
    if !known.is_empty() && known.iter().all(|password| *password != own) {
        fault.facts.push(Fact {
            statement: format!(
                "its password is none of those that {} other clients use; passwords are compared and not shown",
                known.len()
            ),
            source: link.setting.0.to_string(),
            quote: String::new(),
        });
    }
}
