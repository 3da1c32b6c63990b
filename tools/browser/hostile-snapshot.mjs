// Writes an incident whose every text tries to become markup: `node hostile-snapshot.mjs DIR`, then
// `midwatch investigate --snapshot DIR -o html > hostile.html` and `node check-report.mjs hostile.html`.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const directory = process.argv[2];
if (!directory) {
  console.error("usage: node hostile-snapshot.mjs DIR");
  process.exit(2);
}

// A dialog, a console message or a request is noticed by check-report.mjs.
const ATTACKS = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(2)>",
  "\"><svg onload=alert(3)>",
  "'><a href='javascript:alert(4)'>here</a>",
  "</title></style></script><script>console.log('out')</script>",
  "<!-- --><style>*{display:none}</style>",
  "<iframe src=https://outside.example></iframe>",
  "\u001b[31m\u202e<link rel=stylesheet href=https://outside.example/x.css>",
];
const attack = (index) => ATTACKS[index % ATTACKS.length];
const at = (minute) => `2026-03-01T10:${String(minute).padStart(2, "0")}:00Z`;
const service = `svc-a ${attack(1)}`;
const quoted = (text) => `"${text.replaceAll("\"", "\"\"")}"`;
const write = (name, text) => writeFileSync(join(directory, name), text);

mkdirSync(join(directory, "context"), { recursive: true });
write("alert.json", JSON.stringify({
  service, metric: "error_ratio", summary: `svc-a fails ${attack(0)}`, severity: "critical", threshold: 0.05,
  observed: 0.4, fired_at: at(45), link: `javascript:alert(5)//${attack(3)}`,
}));
let metrics = "timestamp,service,metric,value\n";
let logs = "";
for (let minute = 0; minute < 60; minute += 1) {
  const noise = (minute * 3) % 7;
  const failing = minute >= 40;
  metrics += `${at(minute)},${quoted(service)},error_ratio,${(failing ? 0.4 : 0.002) + noise / 10000}\n`;
  metrics += `${at(minute)},${quoted(service)},${quoted(`latency ${attack(2)}`)},${(failing ? 900 : 100) + noise}\n`;
  metrics += `${at(minute)},${quoted(`svc-b ${attack(4)}`)},error_ratio,${0.001 + noise / 10000}\n`;
  for (let line = 0; line < 4; line += 1) {
    const message = failing ? `call failed: ${attack(minute)} ${attack(line)}` : "answered";
    logs += `${JSON.stringify({ timestamp: at(minute), service, level: failing ? "error" : "info", message })}\n`;
  }
}
write("metrics.csv", metrics);
write("logs.ndjson", logs);
write("context/deploys.json", JSON.stringify([
  { timestamp: at(35), service, commit_sha: "aaaa1111", version: `v2 ${attack(5)}` },
]));
write("context/commits.json", JSON.stringify([{
  sha: "aaaa1111", timestamp: at(30), author: attack(6), message: `change ${attack(7)}\n\n${attack(0)}`,
  diff: `--- a/${attack(1)}\n+++ b/x.py\n@@ -1,2 +1,2 @@\n-timeout = 2000\n+timeout = 150 # ${attack(0)}\n`,
}]));
