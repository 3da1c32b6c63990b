//! The made cluster as a terminal session: tables of every kind, descriptions of pods, deployments and machines.

use std::io::{self, Write};

use super::made::{App, Cluster, Planted, Pod, age, long_time, node_address, node_name};

/// Writes the session.
pub fn write(cluster: &Cluster, out: &mut dyn Write) -> io::Result<()> {
    let rows = (0..cluster.nodes).map(|at| {
        vec![
            node_name(at),
            "Ready".into(),
            "<none>".into(),
            "104d".into(),
            "v1.31.4".into(),
            node_address(at),
        ]
    });
    table(out, "nodes -o wide", &["NAME", "STATUS", "ROLES", "AGE", "VERSION", "INTERNAL-IP"], rows)?;
    table(
        out,
        "pods -A -o wide",
        &[
            "NAMESPACE",
            "NAME",
            "READY",
            "STATUS",
            "RESTARTS",
            "AGE",
            "IP",
            "NODE",
            "NOMINATED NODE",
            "READINESS GATES",
        ],
        cluster.pods().map(|made| pod_row(&made)),
    )?;
    let wide = &["NAMESPACE", "NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"];
    table(
        out,
        "deployments -A",
        wide,
        cluster.apps.iter().map(|app| {
            let (wanted, ready) = (App::replicas(), app.ready());
            vec![
                app.namespace.clone(),
                app.name.clone(),
                format!("{ready}/{wanted}"),
                wanted.to_string(),
                ready.to_string(),
                "46d".into(),
            ]
        }),
    )?;
    table(
        out,
        "replicasets -A",
        &["NAMESPACE", "NAME", "DESIRED", "CURRENT", "READY", "AGE"],
        cluster.apps.iter().flat_map(|app| {
            let wanted = App::replicas().to_string();
            let row = |name: String, wanted: &str, ready: String, age: &str| {
                vec![app.namespace.clone(), name, wanted.to_owned(), wanted.to_owned(), ready, age.to_owned()]
            };
            [
                row(app.set(), &wanted, app.ready().to_string(), "34d"),
                row(format!("{}-{}", app.name, app.old_hash()), "0", "0".to_owned(), "46d"),
            ]
        }),
    )?;
    let titles = &["NAMESPACE", "NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE", "SELECTOR"];
    table(
        out,
        "services -A -o wide",
        titles,
        cluster.apps.iter().map(|app| {
            let ip = format!("172.20.{}.{}", app.at / 250 % 250, app.at % 250);
            vec![
                app.namespace.clone(),
                app.name.clone(),
                "ClusterIP".into(),
                ip,
                "<none>".into(),
                "80/TCP".into(),
                "46d".into(),
                format!("app={}", app.selected()),
            ]
        }),
    )?;
    table(
        out,
        "endpoints -A",
        &["NAMESPACE", "NAME", "ENDPOINTS", "AGE"],
        cluster
            .apps
            .iter()
            .map(|app| vec![app.namespace.clone(), app.name.clone(), endpoints(cluster, app), "46d".into()]),
    )?;
    table(
        out,
        "configmaps -A",
        &["NAMESPACE", "NAME", "DATA", "AGE"],
        cluster
            .apps
            .iter()
            .map(|app| vec![app.namespace.clone(), format!("{}-config", app.name), "1".into(), "46d".into()]),
    )?;
    let titles = &["NAMESPACE", "LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"];
    table(out, "events -A", titles, cluster.pods().flat_map(|made| event_rows(&made)))?;
    writeln!(out, "$ kubectl describe deployments -A")?;
    cluster.apps.iter().try_for_each(|app| deployment(out, app))?;
    writeln!(out, "$ kubectl describe pods -A")?;
    cluster.pods().try_for_each(|made| pod(out, &made))
}

/// The answer of `kubectl get`, its columns as wide as their widest cell and three blanks more.
fn table(
    out: &mut dyn Write,
    asked: &str,
    titles: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> io::Result<()> {
    let rows: Vec<Vec<String>> = rows.collect();
    let widths: Vec<usize> = titles
        .iter()
        .enumerate()
        .map(|(at, title)| {
            rows.iter().filter_map(|row| row.get(at)).map(String::len).max().unwrap_or(0).max(title.len())
        })
        .collect();
    writeln!(out, "$ kubectl get {asked}")?;
    let mut line = |cells: &mut dyn Iterator<Item = &str>| -> io::Result<()> {
        let mut text = String::new();
        for (cell, width) in cells.zip(&widths) {
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', width + 3 - cell.len()));
        }
        writeln!(out, "{}", text.trim_end())
    };
    line(&mut titles.iter().copied())?;
    rows.iter().try_for_each(|row| line(&mut row.iter().map(String::as_str)))
}

fn pod_row(made: &Pod<'_>) -> Vec<String> {
    let (ready, status) = match (made.ready, &made.node) {
        (true, _) => ("2/2", "Running"),
        (false, Some(_)) => ("1/2", "ImagePullBackOff"),
        (false, None) => ("0/2", "Pending"),
    };
    let restarts = match made.restarts {
        0 => "0".to_owned(),
        count => format!("{count} ({} ago)", age(made.age_s / 2)),
    };
    let none = || "<none>".to_owned();
    vec![
        made.app.namespace.clone(),
        made.name.clone(),
        ready.to_owned(),
        status.to_owned(),
        restarts,
        age(made.age_s),
        made.ip.clone().unwrap_or_else(none),
        made.node.clone().unwrap_or_else(none),
        none(),
        none(),
    ]
}

/// As the table of endpoints prints them: three, and how many more.
fn endpoints(cluster: &Cluster, app: &App) -> String {
    if app.planted == Some(Planted::SelectorWrong) {
        return "<none>".to_owned();
    }
    let all: Vec<String> = cluster
        .pods_of(app)
        .iter()
        .filter(|made| made.ready)
        .filter_map(|made| Some(format!("{}:8080", made.ip.as_ref()?)))
        .collect();
    match all.get(..3) {
        _ if all.is_empty() => "<none>".to_owned(),
        Some(first) if all.len() > 3 => format!("{} + {} more...", first.join(","), all.len() - 3),
        _ => all.join(","),
    }
}

fn event_rows(made: &Pod<'_>) -> Vec<Vec<String>> {
    made.said()
        .into_iter()
        .map(|said| {
            let object = match said.about_set {
                true => format!("replicaset/{}", made.app.set()),
                false => format!("pod/{}", made.name),
            };
            let kind = if said.warning { "Warning" } else { "Normal" };
            vec![
                made.app.namespace.clone(),
                age(said.last_s_ago),
                kind.to_owned(),
                said.reason.to_owned(),
                object,
                said.message,
            ]
        })
        .collect()
}

/// One container as a description prints it; of a pod with its state.
fn container(app: &App, name: &str, state: Option<&str>) -> String {
    let (image, port, cpu, memory) = match name {
        "server" => (app.image(), "8080/TCP", "100m", "256Mi"),
        _ => ("registry.example.com/agent:2.1.0".to_owned(), "<none>", "20m", "64Mi"),
    };
    let mut text = format!("    Image:      {image}\n    Port:       {port}\n    Host Port:  0/TCP\n");
    text.push_str(state.unwrap_or(""));
    text.push_str(&format!(
        "    Limits:\n      memory:  {memory}\n    Requests:\n      cpu:     {cpu}\n      memory:  {memory}\n"
    ));
    if name == "server" {
        text.push_str(
            "    Liveness:   http-get http://:8080/healthz delay=30s timeout=2s period=10s #success=1 #failure=3\n    \
             Readiness:  http-get http://:8080/ready delay=5s timeout=2s period=10s #success=1 #failure=3\n    \
             Environment:\n",
        );
        for at in 0..6 {
            text.push_str(&format!("      SETTING_{at}:  value-{}\n", app.at * 6 + at));
        }
        text.push_str("    Mounts:\n      /etc/config from config (rw)\n");
    } else {
        text.push_str("    Environment:  <none>\n    Mounts:       <none>\n");
    }
    text
}

fn volumes(app: &App, indent: &str) -> String {
    format!(
        "{indent}Volumes:\n{indent}  config:\n{indent}    Type:      ConfigMap (a volume populated by a ConfigMap)\n\
         {indent}    Name:      {}-config\n{indent}    Optional:  false\n",
        app.name
    )
}

fn selector(app: &App) -> &'static str {
    if app.planted == Some(Planted::NodeLabelMissing) { "disk=nvme" } else { "<none>" }
}

fn deployment(out: &mut dyn Write, app: &App) -> io::Result<()> {
    let (wanted, ready) = (App::replicas(), app.ready());
    write!(
        out,
        "Name:                   {}\nNamespace:              {}\nCreationTimestamp:      {}\nLabels:                 \
         app={}\nAnnotations:            deployment.kubernetes.io/revision: 2\nSelector:               \
         app={}\nReplicas:               {wanted} desired | {wanted} updated | {wanted} total | {ready} available | {} \
         unavailable\nStrategyType:           RollingUpdate\nMinReadySeconds:        0\nRollingUpdateStrategy:  25% max \
         unavailable, 25% max surge\nPod Template:\n  Labels:  app={}\n  Containers:\n",
        app.name,
        app.namespace,
        long_time(4_000_000),
        app.name,
        app.name,
        wanted - ready,
        app.name,
    )?;
    for name in ["server", "agent"] {
        write!(out, "   {name}:\n{}", container(app, name, None))?;
    }
    write!(
        out,
        "{}  Node-Selectors:  {}\n  Tolerations:     <none>\nOldReplicaSets:  {}-{} (0/0 replicas created)\n\
         NewReplicaSet:   {} ({wanted}/{wanted} replicas created)\nEvents:          <none>\n\n\n",
        volumes(app, "  "),
        selector(app),
        app.name,
        app.old_hash(),
        app.set(),
    )
}

fn pod(out: &mut dyn Write, made: &Pod<'_>) -> io::Result<()> {
    let app = made.app;
    let (phase, ready) = if made.ready { ("Running", "True") } else { ("Pending", "False") };
    let node = made.node.as_ref().map_or("<none>".to_owned(), |node| format!("{node}/192.168.0.10"));
    write!(
        out,
        "Name:             {}\nNamespace:        {}\nPriority:         0\nService Account:  default\nNode:             \
         {node}\n",
        made.name, app.namespace
    )?;
    if made.node.is_some() {
        writeln!(out, "Start Time:       {}", long_time(made.age_s))?;
    }
    write!(
        out,
        "Labels:           app={}\n                  pod-template-hash={}\nAnnotations:      <none>\nStatus:           \
         {phase}\nIP:               {}\nControlled By:    ReplicaSet/{}\nContainers:\n",
        app.name,
        app.hash(),
        made.ip.as_deref().unwrap_or(""),
        app.set()
    )?;
    for name in ["server", "agent"] {
        let state = made.node.is_some().then(|| state(made, name));
        write!(out, "  {name}:\n{}", container(app, name, state.as_deref()))?;
    }
    writeln!(out, "Conditions:\n  Type              Status")?;
    if made.node.is_some() {
        writeln!(
            out,
            "  Initialized       True \n  Ready             {ready} \n  ContainersReady   {ready} \n  PodScheduled      True "
        )?;
    } else {
        writeln!(out, "  PodScheduled      False ")?;
    }
    write!(out, "{}QoS Class:        Burstable\nNode-Selectors:   {}\n", volumes(app, ""), selector(app))?;
    writeln!(out, "Tolerations:      node.kubernetes.io/not-ready:NoExecute op=Exists for 300s\nEvents:")?;
    writeln!(out, "  Type     Reason            Age                  From               Message")?;
    writeln!(out, "  ----     ------            ----                 ----               -------")?;
    for said in made.said().into_iter().filter(|said| !said.about_set) {
        let kind = if said.warning { "Warning" } else { "Normal" };
        let when = match said.count {
            1 => age(said.last_s_ago),
            count => format!("{} (x{count} over {})", age(said.last_s_ago), age(said.first_s_ago)),
        };
        writeln!(out, "  {kind:<7}  {:<16}  {when:<19}  {:<17}  {}", said.reason, said.from, said.message)?;
    }
    writeln!(out, "\n")
}

fn state(made: &Pod<'_>, name: &str) -> String {
    let is_up = made.ready || name == "agent";
    let ended = (name == "server" && made.restarts > 0).then(|| {
        format!(
            "    Last State:     Terminated\n      Reason:       Error\n      Exit Code:    143\n      Finished:     {}\n",
            long_time(made.age_s / 2)
        )
    });
    let state = match is_up {
        true => format!("    State:          Running\n      Started:      {}\n", long_time(made.age_s - 4)),
        false => "    State:          Waiting\n      Reason:       ImagePullBackOff\n".to_owned(),
    };
    let restarts = if name == "server" { made.restarts } else { 0 };
    let ready = if is_up { "True" } else { "False" };
    let last = ended.unwrap_or_default();
    format!("{state}{last}    Ready:          {ready}\n    Restart Count:  {restarts}\n")
}
