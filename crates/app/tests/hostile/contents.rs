//! Contents that cannot be: numbers that are none, times out of order, ids given twice, circles, names without end.

use std::path::Path;

use serde_json::{Value, json};

use crate::incident::{case, edit, edit_records, edit_rows, text, try_all, write};

#[test]
fn numbers_that_are_none() {
    let mut cases = Vec::new();
    for word in [
        "NaN",
        "nan",
        "Inf",
        "-Infinity",
        "1e308",
        "-1e308",
        "1e400",
        "5e-324",
        "null",
        "",
        "0x1F",
        "1,5",
        "12 %",
    ] {
        for (every, which) in [(1, "all"), (7, "some")] {
            cases.push(case(format!("error ratios: {which} {word:?}"), move |at| {
                edit_rows(at, "metrics.csv", |number, row| cell(row, 3, word, number % every == 0));
            }));
        }
        cases.push(case(format!("all metrics {word:?}"), move |at| {
            edit_rows(at, "metrics.csv", |_, row| {
                (2..7).fold(row.to_owned(), |row, column| cell(&row, column, word, true))
            });
        }));
    }
    for value in
        [json!(-1e9), json!(1e308), json!("NaN"), json!(null), json!(u64::MAX), json!([1]), json!("-")]
    {
        cases.push(case(format!("durations {value}"), move |at| {
            edit_records(at, "traces.json", |_, span| span["duration_ms"] = value.clone());
        }));
    }
    try_all(cases);
}

/// `row` with `word` in `column`, when it is to be changed at all.
fn cell(row: &str, column: usize, word: &str, change: bool) -> String {
    let mut cells: Vec<&str> = row.split(',').collect();
    if change && let Some(cell) = cells.get_mut(column) {
        *cell = word;
    }
    cells.join(",")
}

#[test]
fn the_order_of_rows_says_nothing() {
    let mut cases = Vec::new();
    for file in ["metrics.csv", "metrics_more.csv", "logs.ndjson"] {
        cases.push(
            case(format!("{file} backwards"), move |at| {
                edit(at, file, |text| {
                    let (head, rows) =
                        if file.ends_with(".csv") { text.split_once('\n').unwrap() } else { ("", text) };
                    let mut rows: Vec<&str> = rows.lines().collect();
                    rows.reverse();
                    format!("{head}\n{}\n", rows.join("\n"))
                });
            })
            .keeps_the_answer(),
        );
    }
    cases.push(
        case("traces.json backwards", |at| {
            edit(at, "traces.json", |text| {
                let mut spans: Vec<Value> = serde_json::from_str(text).unwrap();
                spans.reverse();
                serde_json::to_string(&spans).unwrap()
            });
        })
        .keeps_the_answer(),
    );
    cases.push(
        case("metrics.csv twice", |at| edit_rows(at, "metrics.csv", |_, row| format!("{row}\n{row}")))
            .keeps_the_answer(),
    );
    try_all(cases);
}

#[test]
fn times_that_cannot_be() {
    let mut cases = Vec::new();
    for time in ["0001-01-01T", "9999-12-31T", "-000001-07-08T", "2026-13-45T", "2199-07-08T", "1990-01-01T"]
    {
        for file in ["metrics.csv", "logs.ndjson", "traces.json", "alert.json", "config.json", "deploys.json"]
        {
            cases.push(case(format!("{file}: every day is {time}"), move |at| {
                edit(at, file, |text| text.replace("2026-07-08T", time));
            }));
        }
        for file in ["metrics.csv", "logs.ndjson", "traces.json"] {
            let damaged = case(format!("{file}: every fifth day is {time}"), move |at| {
                edit_rows(at, file, |number, row| match number % 5 {
                    0 => row.replace("2026-07-08T", time),
                    _ => row.to_owned(),
                });
            });
            let stem = file.split('.').next().unwrap_or_default();
            let is_possible = time.starts_with("2199") || time.starts_with("1990");
            cases.push(if is_possible { damaged } else { damaged.tells(stem) });
        }
    }
    for epoch in
        ["-62135596800", "-1", "0", "253402300800", "1e30", "NaN", "99999999999999999999999999", "1783519200"]
    {
        cases.push(case(format!("metrics.csv: every time is {epoch}"), move |at| {
            edit_rows(at, "metrics.csv", |_, row| cell(row, 0, epoch, true));
        }));
        cases.push(case(format!("traces.json: every start is {epoch}"), move |at| {
            edit_records(at, "traces.json", |_, span| {
                span["start"] = serde_json::from_str(epoch).unwrap_or(Value::Null);
            });
        }));
    }
    cases.push(case("every time of the snapshot is the same", |at| {
        edit_rows(at, "metrics.csv", |_, row| cell(row, 0, "2026-07-08T15:30:00Z", true));
        edit_records(at, "traces.json", |_, span| span["start"] = json!("2026-07-08T15:30:00Z"));
        edit_rows(at, "logs.ndjson", |_, row| {
            let mut line: Value = serde_json::from_str(row).unwrap();
            line["timestamp"] = json!("2026-07-08T15:30:00Z");
            line.to_string()
        });
    }));
    cases.push(
        case("changes without a time", |at| {
            for file in ["config.json", "deploys.json", "flags.json", "commits.json"] {
                edit_records(at, file, |_, change| {
                    change.as_object_mut().unwrap().remove("at");
                });
            }
        })
        .tells("config.json"),
    );
    try_all(cases);
}

#[test]
fn ids_given_twice_and_circles() {
    let set = |file: &'static str, key: &'static str, value: Value| {
        move |at: &Path| edit_records(at, file, |_, record| record[key] = value.clone())
    };
    let copied = |file: &'static str, from: &'static str, to: &'static str| {
        move |at: &Path| {
            edit_records(at, file, |_, record| {
                let value = record[from].clone();
                record[to] = value;
            });
        }
    };
    try_all(vec![
        case("one trace id", set("traces.json", "trace_id", json!("t"))),
        case("one span id", set("traces.json", "span_id", json!("s")))
            .tells("traces.json: a span id that is taken"),
        case("one id for all", |at| {
            edit_records(at, "traces.json", |_, span| {
                for key in ["trace_id", "span_id", "parent_id"] {
                    span[key] = json!("1");
                }
            });
        })
        .tells("traces.json"),
        case("no ids", |at| {
            edit_records(at, "traces.json", |_, span| {
                for key in ["trace_id", "span_id", "parent_id"] {
                    span[key] = Value::Null;
                }
            });
        }),
        case("spans that are their own parents", copied("traces.json", "span_id", "parent_id"))
            .tells("traces.json: a span that is its own ancestor"),
        case("spans in one ring", |at| {
            let spans: Vec<Value> = serde_json::from_str(&text(at, "traces.json")).unwrap();
            edit_records(at, "traces.json", |number, span| {
                span["trace_id"] = json!("t");
                span["span_id"] = json!((number + 1).to_string());
                span["parent_id"] = json!(((number + 1) % spans.len() + 1).to_string());
            });
        })
        .tells("traces.json: a span that is its own ancestor"),
        case("one chain of spans", |at| {
            edit_records(at, "traces.json", |number, span| {
                span["trace_id"] = json!("t");
                span["span_id"] = json!((number + 1).to_string());
                span["parent_id"] = json!(number.to_string());
            });
        }),
        case("one commit id", set("commits.json", "sha", json!("a"))),
        case("one commit id for deploys", set("deploys.json", "commit", json!("a"))),
        case("changes twice", |at| {
            edit(at, "config.json", |text| {
                let mut changes: Vec<Value> = serde_json::from_str(text).unwrap();
                changes.extend(changes.clone());
                serde_json::to_string(&changes).unwrap()
            });
        })
        .keeps_the_answer(),
        case("a topology of circles", |at| {
            let names = ["gateway", "quotes", "content", "pricing", "rates-db"];
            let pairs = names.iter().flat_map(|from| names.map(|to| json!({"from": from, "to": to})));
            write(at, "topology.json", json!({"edges": pairs.collect::<Vec<_>>()}).to_string());
        }),
        case("everything runs on itself", |at| {
            let edges: Vec<Value> = ["gateway", "quotes", "pricing"]
                .iter()
                .map(|name| json!({"from": name, "to": name, "kind": "runs_on"}))
                .collect();
            write(at, "topology.json", json!({"edges": edges}).to_string());
        }),
    ]);
}

#[test]
fn names_without_end() {
    let long = |bytes: usize| "q".repeat(bytes);
    let mut cases = Vec::new();
    for file in ["alert.json", "config.json", "deploys.json", "commits.json", "flags.json", "topology.json"] {
        cases.push(case(format!("a name of 100 kB in {file}"), move |at| {
            edit(at, file, |text| text.replace("quotes", &long(100_000)).replace("gateway", &long(100_001)));
        }));
    }
    for file in ["metrics.csv", "logs.ndjson"] {
        cases.push(
            case(format!("a name of 100 kB in {file}"), move |at| {
                edit(at, file, |text| text.replacen("quotes", &long(100_000), 40));
            })
            .tells(file),
        );
        cases.push(case(format!("a name of 60 kB in {file}"), move |at| {
            edit(at, file, |text| text.replacen("quotes", &long(60_000), 40));
        }));
    }
    cases.push(case("a name of 100 kB in traces.json", move |at| {
        edit(at, "traces.json", |text| text.replacen("quotes", &long(100_000), 40));
    }));
    cases.push(case("names that are no names", |at| {
        for file in crate::incident::FILES {
            edit(at, file, |text| text.replace("quotes", "\\u202E\\u0000 | `x` <b>\\u001b[31m"));
        }
    }));
    cases.push(case("names that are empty", |at| {
        for file in crate::incident::FILES {
            edit(at, file, |text| text.replace("quotes", ""));
        }
    }));
    cases.push(case("names that are one", |at| {
        for file in crate::incident::FILES {
            edit(at, file, |text| text.replace("quotes", "gateway").replace("pricing", "gateway"));
        }
    }));
    try_all(cases);
}

#[test]
fn forms_that_are_none() {
    let nested = |open: &str, close: &str| format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
    let mut cases = Vec::new();
    for file in ["alert.json", "commits.json", "config.json", "topology.json", "traces.json", "patterns.json"]
    {
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"service\":", "}]")] {
            cases.push(
                case(format!("{file}: 100,000 levels of {open}"), move |at| {
                    write(at, file, nested(open, close))
                })
                .tells(file),
            );
        }
    }
    cases.push(
        case("log lines of 10,000 levels", |at| {
            let deep = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
            edit_rows(
                at,
                "logs.ndjson",
                |number, row| if number % 50 == 0 { deep.clone() } else { row.to_owned() },
            );
        })
        .keeps_the_answer(),
    );
    let columns = |count: usize, name: &'static str| {
        move |at: &Path| {
            edit(at, "metrics.csv", |text| {
                let mut rows = text.lines();
                let names: String = (0..count).map(|column| format!(",{name}{column}")).collect();
                let head = format!("{}{names}", rows.next().unwrap());
                let values = ",1".repeat(count);
                let rows = rows.enumerate().map(|(number, row)| match number % 200 {
                    0..4 => format!("{row}{values}"),
                    _ => row.to_owned(),
                });
                std::iter::once(head).chain(rows).collect::<Vec<_>>().join("\n")
            });
        }
    };
    cases.push(case("10,000 more columns", columns(10_000, "m")).keeps_the_answer());
    cases.push(
        case("20,000 more columns", columns(20_000, "a_rather_long_name_"))
            .tells("metrics.csv: a header longer than 64 KiB")
            .keeps_the_answer(),
    );
    cases.push(case("rows of all lengths", |at| {
        edit_rows(at, "metrics.csv", |number, row| {
            row.split(',').cycle().take(number % 15).collect::<Vec<_>>().join(",")
        });
    }));
    cases.push(case("a quote that is never closed", |at| {
        edit_rows(
            at,
            "metrics.csv",
            |number, row| if number == 9 { format!("\"{row}") } else { row.to_owned() },
        );
    }));
    cases.push(
        case("exposed metrics of wrong types", |at| {
            let lines = [
                "# TYPE a counter",
                "# TYPE a gauge",
                "# TYPE",
                "# HELP",
                "a{b=\"c\" 1",
                "a{b=c} 1",
                "a{} NaN 1",
                "a 1 notatime",
                "a{le=\"x\"} 1 1783519200",
                "{} 1",
                "a_bucket{le=\"+Inf\"} -1 1783519200",
                "a 1 1783519200 # {x=\"y\"} oops",
                "a{b=\"\\\"} 2",
                "# EOF",
                "a 1e999 1783519201",
            ];
            write(at, "more.om", lines.join("\n"));
        })
        .tells("more.om"),
    );
    cases.push(
        case("a table that only begins as one", |at| {
            write(at, "more.parquet", [b"PAR1".as_slice(), &[7; 4096]].concat())
        })
        .tells("more.parquet")
        .keeps_the_answer(),
    );
    for size in [0, 4, 8, u32::MAX] {
        cases.push(
            case(format!("a table whose end says {size} bytes"), move |at| {
                let bytes = [b"PAR1".as_slice(), &[0x15; 64], &size.to_le_bytes(), b"PAR1"].concat();
                write(at, "more.parquet", bytes);
            })
            .tells("more.parquet")
            .keeps_the_answer(),
        );
    }
    for value in ["1", "\"x\"", "null", "true", "[]", "{}", "[[]]", "[1,\"x\",null,{}]", "{\"a\":{\"b\":[]}}"]
    {
        cases.push(case(format!("every document is {value}"), move |at| {
            for file in
                ["commits.json", "config.json", "deploys.json", "flags.json", "topology.json", "traces.json"]
            {
                write(at, file, value);
            }
        }));
    }
    cases.push(case("every file holds what another should", |at| {
        let kept: Vec<String> = crate::incident::FILES.iter().map(|file| text(at, file)).collect();
        for (place, file) in crate::incident::FILES.iter().enumerate().skip(1) {
            write(at, file, &kept[(place + 3) % kept.len()]);
        }
    }));
    try_all(cases);
}
