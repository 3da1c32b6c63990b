// Checks report pages in a real browser: `node check-report.mjs page.html …` (see README.md).
//
// For each page, at two widths and in both themes: axe finds nothing, with everything folded and unfolded; the console
// stays empty; nothing scrolls sideways; nothing is fetched; no text of the report became a script. The page's own
// script runs under its own policy, and without scripts everything can still be read.

import { chromium } from "playwright-core";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WIDTHS = [1440, 360];
const THEMES = ["dark", "light"];
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
// What the page is made of. Anything else came from the text of an incident, had it been taken for markup.
const ELEMENTS = new Set(("html head meta title style script body a header nav main section footer div span p h1 h2 h3 ul ol li "
  + "dl dt dd strong code pre article details summary figure figcaption table thead tbody tr th td button svg g desc rect line "
  + "path circle text dialog kbd").split(" "));
// Attributes that would act, load or lead somewhere else.
const ACTS = /^(on|src|srcset|srcdoc|style$|action|formaction|data$|background|poster|xlink)/i;

const pages = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const pictures = process.argv.find((argument) => argument.startsWith("--pictures="))?.slice("--pictures=".length);
if (pages.length === 0) {
  console.error("usage: node check-report.mjs [--pictures=DIR] page.html …");
  process.exit(2);
}

const profile = mkdtempSync(join(tmpdir(), "midwatch-browser-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS,
});
let problems = 0;
const complain = (page, words) => {
  problems += 1;
  console.log(`${page}: ${words}`);
};

for (const path of pages) {
  for (const width of WIDTHS) {
    for (const theme of THEMES) await checked(path, width, theme);
  }
  await withoutScripts(path);
}
await browser.close();
rmSync(profile, { recursive: true, force: true });
console.log(`${pages.length} pages, ${problems} problems`);
process.exit(problems === 0 ? 0 : 1);

async function opened(path, width, theme, name) {
  const page = await browser.newPage();
  page.on("console", (message) => complain(name, `console: ${message.text()}`));
  page.on("pageerror", (error) => complain(name, `script error: ${error.message}`));
  page.on("dialog", (dialog) => { complain(name, `dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("popup", (other) => complain(name, `opens ${other.url()}`));
  page.on("request", (request) => {
    if (!request.isNavigationRequest() || !request.url().startsWith("file:")) complain(name, `fetches ${request.url().slice(0, 200)}`);
  });
  await page.emulateMedia({ colorScheme: theme });
  await page.setViewportSize({ width, height: 900 });
  await page.goto(pathToFileURL(resolve(path)).href);
  return page;
}

async function checked(path, width, theme) {
  const name = `${basename(path)} ${width} ${theme}`;
  const page = await opened(path, width, theme, name);
  if (pictures) await page.screenshot({ path: join(pictures, `${basename(path, ".html")}-${width}-${theme}.png`), fullPage: true });
  await sideways(page, name);
  await accessible(page, `${name} folded`);
  await ours(page, name);
  await interactive(page, name);
  await page.keyboard.press("o");
  await sideways(page, `${name} unfolded`);
  await accessible(page, `${name} unfolded`);
  await harmless(page, name);
  await page.close();
}

// Nothing but our own elements, the list of keys that our script adds among them.
async function ours(page, name) {
  const found = await page.evaluate(([elements, acts]) => {
    const known = new Set(elements);
    const acting = new RegExp(acts, "i");
    const problems = [];
    for (const element of document.querySelectorAll("*")) {
      const tag = element.localName;
      const attributes = element.getAttributeNames().filter((attribute) => acting.test(attribute));
      const leads = tag === "a" && !/^(#|https?:)/.test(element.getAttribute("href") ?? "#");
      if (!known.has(tag) || attributes.length > 0 || leads) problems.push(element.outerHTML.slice(0, 120));
    }
    for (const tag of ["script", "style"]) {
      if (document.querySelectorAll(tag).length !== 1) problems.push(`more than one ${tag}`);
    }
    return problems;
  }, [[...ELEMENTS], ACTS.source]);
  for (const element of found) complain(name, `not ours: ${element}`);
}

// Hostile incidents set this name wherever they get to run.
async function harmless(page, name) {
  const set = await page.evaluate(() => typeof globalThis.__pwned);
  if (set !== "undefined") complain(name, "a text of the incident ran as a script");
}

// Theme button, keys, a chip that opens its evidence and gives the focus back.
async function interactive(page, name) {
  const expect = async (condition, words) => { if (!await condition) complain(name, words); };
  const before = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.click("#theme");
  const after = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await expect(before !== after, "the theme button changes nothing");
  await page.click("#theme");
  await page.keyboard.press("?");
  await expect(page.locator("dialog[open]").count().then((count) => count === 1), "? opens no list of keys");
  await accessible(page, `${name} keys`);
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await expect(page.evaluate(() => document.activeElement.matches("h1, h2")), "j reaches no heading");
  const chip = page.locator("main .chip").first();
  if (await chip.count() === 0) return;
  await chip.focus();
  await page.keyboard.press("Enter");
  const drawer = page.locator("#drawer");
  await expect(drawer.locator(".body").count().then((count) => count === 1), "a chip opens no evidence");
  await accessible(page, `${name} evidence`);
  await sideways(page, `${name} evidence`);
  await page.keyboard.press("Escape");
  await expect(drawer.count().then((count) => count === 0), "Escape does not close the evidence");
  await expect(page.evaluate(() => document.activeElement.matches(".chip")), "the focus is lost");
}

async function sideways(page, name) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (over > 0) complain(name, `${over} px too wide`);
}

async function accessible(page, name) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  for (const violation of violations) {
    const first = violation.nodes[0];
    complain(name, `axe ${violation.id} (${violation.nodes.length}): ${first.html.slice(0, 160)} ${first.failureSummary ?? ""}`);
  }
}

// A chip still leads to its evidence: the browser unfolds what an address points into.
async function withoutScripts(path) {
  const name = `${basename(path)} without scripts`;
  const empty = mkdtempSync(join(tmpdir(), "midwatch-browser-"));
  const context = await chromium.launchPersistentContext(empty, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS, javaScriptEnabled: false,
  });
  const page = await context.newPage();
  await page.setViewportSize({ width: 360, height: 900 });
  await page.goto(pathToFileURL(resolve(path)).href);
  const chip = page.locator("main .chip").first();
  if (await chip.count() > 0) {
    const target = await chip.getAttribute("href");
    await chip.click();
    if (!await page.locator(target).isVisible()) complain(name, `${target} stays folded`);
  }
  if (await page.locator(".tools").isVisible()) complain(name, "buttons are shown that do nothing");
  await context.close();
  rmSync(empty, { recursive: true, force: true });
}
