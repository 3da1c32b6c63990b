// Comforts of the report's page; without it everything is still there. Text is only ever copied as text.
(() => {
  "use strict";
  const root = document.documentElement;
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const made = (name, className, text) => {
    const element = document.createElement(name);
    if (className) element.className = className;
    if (text) element.textContent = text;
    return element;
  };
  const button = (text, run) => {
    const element = made("button", "", text);
    element.type = "button";
    element.addEventListener("click", run);
    return element;
  };

  // Theme: the system's, until somebody chooses.
  const stored = (value) => {
    try {
      if (value) localStorage.setItem("midwatch-theme", value);
      return localStorage.getItem("midwatch-theme");
    } catch {
      return null;
    }
  };
  const theme = () => root.dataset.theme || (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark");
  const chosen = stored();
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  const themes = find("#theme");
  const label = () => { themes.textContent = theme() === "dark" ? "Light" : "Dark"; };
  const turn = () => {
    root.dataset.theme = theme() === "dark" ? "light" : "dark";
    stored(root.dataset.theme);
    label();
  };
  themes.addEventListener("click", turn);
  label();
  find(".tools").hidden = false;

  // Folding.
  const unfold = find("#unfold");
  const fold = (open) => {
    all("main details").forEach((one) => { one.open = open; });
    unfold.textContent = open ? "Close all" : "Open all";
    unfold.setAttribute("aria-pressed", String(open));
  };
  unfold.addEventListener("click", () => fold(unfold.getAttribute("aria-pressed") !== "true"));
  // Paper gets what is open, and lists whole; "Open all" first prints everything.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("main details.more:not([open])");
    closed.forEach((one) => { one.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((one) => { one.open = false; }));

  // Commands.
  for (const copy of all(".copy")) {
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      const code = find("code", copy.parentElement);
      try {
        await navigator.clipboard.writeText(code.textContent);
        copy.textContent = "Copied";
        setTimeout(() => { copy.textContent = "Copy"; }, 1500);
      } catch {
        getSelection().selectAllChildren(code);
      }
    });
  }

  // A chip opens its evidence beside the text.
  const body = (chip) => document.getElementById(chip.hash.slice(1));
  let drawer = null;
  let opener = null;
  let current = 0;
  // The text makes room on wide screens; what one was reading stays where it is.
  const beside = (open) => {
    const before = opener ? opener.getBoundingClientRect().top : 0;
    document.body.classList.toggle("beside", open);
    if (opener) scrollBy({ top: opener.getBoundingClientRect().top - before, behavior: "instant" });
  };
  const shut = () => {
    if (!drawer) return;
    drawer.remove();
    drawer = null;
    beside(false);
    all(".chip.open").forEach((chip) => chip.classList.remove("open"));
    if (opener) opener.focus({ preventScroll: true });
  };
  const show = (number) => {
    const from = document.getElementById(`e${number}`);
    if (!from) return;
    const panel = from.closest("details");
    current = number;
    if (!drawer) {
      drawer = made("aside");
      drawer.id = "drawer";
      drawer.setAttribute("aria-label", "Evidence");
      document.body.append(drawer);
      beside(true);
    }
    const top = made("div", "top");
    top.append(made("span", "", `Evidence e${number}`), button("Previous", () => show(current - 1)),
      button("Next", () => show(current + 1)), button("Close", shut));
    const heading = made("h2", "", panel ? find(".what", panel).textContent : "");
    heading.tabIndex = -1;
    const copy = from.cloneNode(true);
    copy.removeAttribute("id");
    drawer.replaceChildren(top, heading, copy);
    drawer.scrollTop = 0;
    all(".chip").forEach((chip) => chip.classList.toggle("open", chip.hash === `#e${number}`));
    heading.focus({ preventScroll: true });
  };
  const hint = made("div");
  hint.id = "hint";
  hint.hidden = true;
  document.body.append(hint);
  for (const chip of all(".chip")) {
    chip.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      opener = chip;
      hint.hidden = true;
      show(Number(chip.hash.slice(2)));
    });
    const peek = () => {
      const panel = body(chip) && body(chip).closest("details");
      if (!panel || drawer) return;
      const fields = all(".body > .field", panel).slice(0, 2).map((field) => made("div", "note", field.textContent));
      hint.replaceChildren(made("strong", "", find(".what", panel).textContent), ...fields);
      hint.hidden = false;
      const box = chip.getBoundingClientRect();
      hint.style.left = `${Math.max(8, Math.min(box.left, innerWidth - hint.offsetWidth - 8)) + scrollX}px`;
      hint.style.top = `${box.bottom + 6 + scrollY}px`;
    };
    chip.addEventListener("mouseenter", peek);
    chip.addEventListener("mouseleave", () => { hint.hidden = true; });
    chip.addEventListener("blur", () => { hint.hidden = true; });
  }

  // Keys.
  const help = made("dialog");
  const keys = [["j k", "next and previous part; with evidence open, next and previous evidence"], ["t", "light or dark"],
    ["o", "open or close everything"], ["Esc", "close what is open"], ["?", "this list"]];
  const list = made("dl");
  for (const [names, does] of keys) {
    const term = made("dt");
    names.split(" ").forEach((name) => term.append(made("kbd", "", name), " "));
    list.append(term, made("dd", "", does));
  }
  help.append(made("strong", "", "Keys"), list, button("Close", () => help.close()));
  help.setAttribute("aria-label", "Keys");
  document.body.append(help);
  find("#keys").addEventListener("click", () => help.showModal());
  const headings = all("main h1, main h2");
  const step = (by) => {
    if (drawer) return show(current + by);
    const below = headings.findIndex((one) => one.getBoundingClientRect().top > 80);
    const here = headings.indexOf(document.activeElement);
    const at = here >= 0 ? here + by : by > 0 ? below : (below < 0 ? headings.length : below) - 1;
    const to = headings[Math.max(0, Math.min(headings.length - 1, at))];
    to.focus({ preventScroll: true });
    to.closest("section").scrollIntoView();
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea")) return;
    const run = { j: () => step(1), k: () => step(-1), t: turn, o: () => unfold.click(), "?": () => help.showModal(),
      Escape: shut }[event.key];
    if (!run || help.open) return;
    if (event.key !== "Escape") event.preventDefault();
    run();
  });

  // Where one is.
  const links = all("nav a");
  if (links.length && "IntersectionObserver" in window) {
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries.filter((one) => one.isIntersecting)) {
        links.forEach((link) => link.classList.toggle("here", link.hash === `#${entry.target.id}`));
      }
    }, { rootMargin: "-10% 0px -80% 0px" });
    all("main section").forEach((section) => seen.observe(section));
  }
})();
