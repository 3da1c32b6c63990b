// Makes the guides' pictures: `node pictures.mjs MIDWATCH DIRECTORY` (see README.md).
//
// Each is what the built program gives, opened in a real browser: pages as they are, terminal output with its own
// colours. Nothing is painted over. What a picture must show is looked for, so that a page that lost it fails here.

import { chromium } from "playwright-core";
import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const BYTES_MAX = 250_000;
const MARGIN_PX = 14;
const BORDER_PX = 2;
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const [midwatch, directory] = process.argv.slice(2).map((argument) => resolve(argument));
if (directory === undefined) {
  console.error("usage: node pictures.mjs MIDWATCH DIRECTORY");
  process.exit(2);
}
const work = mkdtempSync(join(tmpdir(), "midwatch-pictures-"));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
let problems = 0;
try {
  await pages();
  await terminals();
} finally {
  await browser.close();
  rmSync(work, { recursive: true, force: true });
}
process.exit(problems === 0 ? 0 : 1);

async function pages() {
  await page(1, { name: "page-verdict", width: 1280, height: 958 });
  await page(11, { name: "page-dark", width: 1280, height: 852, theme: "dark" });
  await page(11, { name: "page-phone", width: 360, height: 688, scale: 2 });
  await page(2, { name: "page-evidence", width: 1280, height: 694, prepare: openDiff });
  await page(4, { name: "charts", width: 1280, between: ["#why h3:has-text('In pictures')", "#why figure:has-text('catalogue restarts_total')"] });
  await page(11, { name: "theory-terms", width: 1100, between: ["#h-why", "#why .terms"] });
  await page(11, { name: "theory-tests", width: 1100, between: ["#why h3:has-text('could have refuted')", "#why .tests"] });
  await page(6, { name: "worked-terms", width: 1100, between: ["#h-why", "#why .terms"] });
  await page(6, { name: "worked-charts", width: 1280, between: ["#why h3:has-text('In pictures')", "#why figure:has-text('courses-db queries_per_sec')"] });
  await page(6, { name: "worked-ruled-out", width: 1100, between: ["#h-ruled-out", "#ruled-out article >> nth=1"] });
  await page(2, { name: "ruled-out", width: 1100, between: ["#ruled-out", "#ruled-out"] });
  await page(1, { name: "spread", width: 1100, between: ["#spread", "#spread"] });
  await page(16, { name: "timeline", width: 1100, between: ["#timeline", "#timeline"] });
}

async function terminals() {
  await terminal("terminal-report", "midwatch demo 11 --detail brief", ["demo", "11", "--detail", "brief", "--quiet", "--width", "100"]);
  const capture = readFileSync(join(ROOT, "crates/cluster/tests/sick/session.txt"), "utf8").split("$ kubectl get svc")[0];
  writeFileSync(join(work, "session.txt"), capture);
  await terminal("terminal-kubernetes", "midwatch k8s check session.txt", ["k8s", "check", "session.txt", "--width", "100"]);
  cpSync(join(ROOT, "incidents/c3d4/snapshot"), join(work, "incident"), { recursive: true });
  appendFileSync(join(work, "incident/logs.ndjson"), '{"time":"2026-07-08T16:05:0');
  await terminal("terminal-snapshot", "midwatch snapshot check incident", ["snapshot", "check", "incident"]);
}

// One page of a built-in incident, or what lies between two of its elements.
async function page(incident, { name, width, height = 900, theme = "light", scale = 1, prepare, between }) {
  const file = join(work, `${name}.html`);
  writeFileSync(file, printed(["demo", String(incident), "--quiet", "-o", "html"]));
  const shown = await browser.newPage({ viewport: { width, height }, colorScheme: theme, deviceScaleFactor: scale });
  shown.setDefaultTimeout(5_000);
  await shown.goto(pathToFileURL(file).href);
  await prepare?.(shown);
  const clip = between && await around(shown, between);
  await save(shown, name, clip ? { clip, fullPage: true } : {});
}

async function openDiff(shown) {
  await shown.locator("main .chip", { hasText: /^e8$/ }).first().click();
  await shown.locator("#drawer .body").waitFor();
  await shown.mouse.move(0, 0);
}

// A whole card with the page around it, or a part of a card without its border.
async function around(shown, [first, last]) {
  const top = await shown.locator(first).first().boundingBox();
  const end = await shown.locator(last).last().boundingBox();
  const card = await shown.locator("main section").first().boundingBox();
  const side = first === last ? MARGIN_PX : -BORDER_PX;
  const y = top.y - MARGIN_PX;
  return { x: card.x - side, y, width: card.width + 2 * side, height: end.y + end.height + MARGIN_PX - y };
}

async function terminal(name, command, words) {
  const file = join(work, `${name}.html`);
  const text = `$ ${command}\n${printed(words)}`.trimEnd();
  writeFileSync(file, `<!doctype html><meta charset="utf-8"><style>
    body { margin: 0; background: #10151c; color: #d7dde5 }
    pre { margin: 0; padding: 18px 22px; width: 100ch; font: 14px/1.45 "DejaVu Sans Mono", monospace }
    .c1 { font-weight: bold; color: #fff } .c2 { color: #93a0b0 } .c31 { color: #ff8f85 } .c32 { color: #7ad39a }
    .c33 { color: #e9b44c } .c36 { color: #74b8ff }</style><pre>${coloured(text)}</pre>`);
  const shown = await browser.newPage({ viewport: { width: 940, height: 300 } });
  await shown.goto(pathToFileURL(file).href);
  const { width, height } = await shown.locator("pre").boundingBox();
  await save(shown, name, { fullPage: true, clip: { x: 0, y: 0, width, height } });
}

// A terminal's colours (SGR) as spans; other escape codes do not occur in what Midwatch prints.
function coloured(text) {
  let open = 0;
  const escaped = text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  return escaped.replace(/\u001b\[([\d;]*)m/g, (_, codes) => {
    if (codes === "" || codes === "0") {
      const closing = "</span>".repeat(open);
      open = 0;
      return closing;
    }
    open += 1;
    return `<span class="${codes.split(";").map((code) => `c${code}`).join(" ")}">`;
  }) + "</span>".repeat(open);
}

// Exit code 3 is an answer too: finished, and cannot tell.
function printed(words) {
  const options = { cwd: work, encoding: "utf8", maxBuffer: 64 << 20, env: { ...process.env, CLICOLOR_FORCE: "1" } };
  try {
    return execFileSync(midwatch, words, options);
  } catch (error) {
    if (error.status === 3) return error.stdout;
    throw error;
  }
}

async function save(shown, name, options) {
  const path = join(directory, `${name}.png`);
  await shown.screenshot({ path, ...options });
  await shown.close();
  try {
    execFileSync("pngquant", ["--force", "--ext", ".png", "--speed", "1", "--strip", path]);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  const bytes = statSync(path).size;
  console.log(`${name}.png ${Math.round(bytes / 1000)} kB`);
  if (bytes > BYTES_MAX) {
    problems += 1;
    console.log(`${name}.png is larger than ${BYTES_MAX / 1000} kB: install pngquant, or show less`);
  }
}
