// The explorer's page: controls, figure, points, buttons. It computes nothing; every number and
// word comes from the kernel. Text is set as text; HTML comes only from the kernel, escaped there.
function start(el, channel) {
  const make = (tag, attributes, ...inside) => {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value === true) node.setAttribute(key, "");
      else if (value !== false && value != null) node.setAttribute(key, value);
    }
    node.append(...inside);
    return node;
  };
  const part = {};
  const add = (name, node) => (part[name] = node);
  el.classList.add("xc");
  el.replaceChildren(
    make("header", {},
      add("title", make("h1", {})),
      add("lang", make("button", { type: "button", class: "plain" }))),
    add("tabs", make("nav", {})),
    add("problems", make("div", { role: "alert", class: "problems" })),
    make("main", {},
      add("side", make("details", { class: "side" },
        add("summary", make("summary", {})),
        add("form", make("form", { autocomplete: "off" })))),
      make("section", { class: "result" },
        add("answer", make("div", { class: "answer", "aria-live": "polite" })),
        add("pictures", make("div", { class: "pictures" })),
        add("key", make("p", { class: "hint key" })),
        add("hint", make("p", { class: "hint", id: "xc-hint" })),
        add("buttons", make("div", { class: "buttons" })),
        add("status", make("div", { class: "status", role: "status" })),
        add("more", make("div", {})),
        add("tables", make("div", {})),
        add("sources", make("div", { class: "sources" })))));

  let query = channel.address ? location.search : "";
  let words = {}, seq = 0, began = 0, busy = false, page = null;
  const queue = [];
  const isNarrow = () => el.clientWidth > 0 && el.clientWidth < 640;
  let narrow = isNarrow();
  part.side.open = !narrow;

  const ask = (message) => channel.send({ query, narrow, ...message });
  function next() {
    if (busy || queue.length === 0) return;
    const { set, to, push } = queue.shift();
    busy = true;
    seq += 1;
    el.setAttribute("aria-busy", "true");
    if (to != null) query = to;
    ask({ do: "show", seq, set });
    part.push = push;
  }
  function move(name, value) {
    if (began === 0) began = performance.now();
    queue.push({ set: [name, String(value)], push: true });
    next();
  }

  function problem(lines) {
    part.problems.replaceChildren();
    if (lines.length === 0) return;
    const list = make("ul", {}, ...lines.map((line) => make("li", {}, line)));
    part.problems.append(make("strong", {}, words.problems || ""), list);
  }

  // ---- controls: changed in place, so that focus and a number being typed stay where they are
  const held = new Map();
  function field(c) {
    const id = `xc-${c.name}`;
    const label = make("label", { for: id }, c.label);
    let input, shown = null, list = null;
    if (c.kind === "select") {
      input = make("select", { id, name: c.name },
        ...c.options.map(([value, text]) => make("option", { value }, text)));
    } else if (c.kind === "text") {
      list = make("datalist", { id: `${id}-list` },
        ...c.options.map(([value]) => make("option", { value })));
      input = make("input", { id, name: c.name, type: "text", maxlength: 24, size: 8,
        placeholder: c.hint, list: `${id}-list` });
    } else {
      input = make("input", { id, name: c.name, type: c.kind, min: c.min, max: c.max,
        step: c.kind === "number" ? "any" : c.step });
      if (c.kind === "range") shown = make("output", { for: id });
    }
    input.addEventListener("change", () => move(c.name, input.value));
    if (shown) input.addEventListener("input", () => { shown.textContent = input.value; });
    return { box: make("div", { class: "field" }, label, input, ...[shown, list].filter(Boolean)),
      input, shown, sign: "" };
  }
  function drawControls(controls) {
    const focused = document.activeElement && document.activeElement.name;
    const groups = new Map();
    for (const c of controls) {
      const sign = JSON.stringify({ ...c, value: null });
      let entry = held.get(c.name);
      if (!entry || entry.sign !== sign) {
        entry = field(c);
        entry.sign = sign;
        held.set(c.name, entry);
      }
      if (entry.input.value !== c.value) entry.input.value = c.value;
      if (entry.shown) entry.shown.textContent = c.value;
      const group = c.group || "";
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(entry.box);
    }
    const blocks = [...groups].map(([group, boxes]) => group
      ? make("fieldset", {}, make("legend", {}, group), ...boxes) : make("div", {}, ...boxes));
    const reset = make("button", { type: "button", class: "plain", id: "xc-reset" }, words.reset);
    reset.addEventListener("click", () => {
      const kept = new URLSearchParams(query);
      const bare = new URLSearchParams();
      for (const key of ["view", "lang", "scope", "plan", "indicator"]) {
        if (kept.has(key)) bare.set(key, kept.get(key));
      }
      queue.push({ to: `?${bare}`, push: true });
      next();
    });
    const before = part.form.dataset.sign, now = JSON.stringify(controls.map((c) => [c.name, c.group]));
    const same = before === now
      && controls.every((c) => part.form.contains(held.get(c.name).box));
    if (!same) {
      part.form.replaceChildren(...blocks, reset);
      part.form.dataset.sign = now;
      if (focused && held.has(focused)) held.get(focused).input.focus();
    }
  }
  part.form.addEventListener("submit", (event) => event.preventDefault());

  // ---- pictures and their points
  function picture(p) {
    const image = make("img", { alt: p.alt, src: `data:image/svg+xml;base64,${p.svg}` });
    const dot = make("span", { class: "dot", hidden: true });
    const box = make("div", { class: "point", "aria-live": "polite", hidden: true });
    const area = make("div", { class: "area", tabindex: p.points.length ? 0 : null,
      role: "group", "aria-label": p.alt, "aria-describedby": "xc-hint" }, image, dot);
    const frame = make("div", { class: p.fixed ? "frame fixed" : "frame" }, area);
    let at = -1, pinned = false;
    function tell(index) {
      at = index;
      dot.hidden = box.hidden = index < 0;
      if (index < 0) return;
      const [x, y, pairs] = p.points[index];
      dot.style.left = `${100 * x}%`;
      dot.style.top = `${100 * y}%`;
      const rows = pairs.map(([name, value]) => make("tr", {},
        make("th", { scope: "row" }, name), make("td", {}, value)));
      box.replaceChildren(make("table", {}, make("tbody", {}, ...rows)));
    }
    function nearest(event, reach) {
      const r = image.getBoundingClientRect();
      let best = -1, least = reach * reach;
      p.points.forEach(([x, y], i) => {
        const dx = event.clientX - r.left - x * r.width, dy = event.clientY - r.top - y * r.height;
        const d = dx * dx + dy * dy;
        if (d <= least) { least = d; best = i; }
      });
      return best;
    }
    area.addEventListener("mousemove", (event) => {
      if (pinned) return;
      const found = nearest(event, 24);
      if (found >= 0 && found !== at) tell(found);
    });
    area.addEventListener("click", (event) => {
      const found = nearest(event, 44);
      pinned = found >= 0;
      if (found >= 0) tell(found);
    });
    area.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, PageDown: 30, PageUp: -30 }[event.key];
      if (event.key === "Escape") { pinned = false; tell(-1); return; }
      if (!step || p.points.length === 0) return;
      event.preventDefault();
      pinned = true;
      tell(Math.min(p.points.length - 1, Math.max(0, at < 0 && step > 0 ? 0 : at + step)));
    });
    const parts = [frame, box];
    if (p.title) parts.unshift(make("h2", {}, p.title));
    return make("figure", {}, ...parts);
  }

  // ---- buttons
  function say(text, copied) {
    part.status.replaceChildren(text);
    if (copied) part.status.prepend(make("strong", {}, `${words.copied}: `));
  }
  async function copy(text) {
    let done = false;
    try { await navigator.clipboard.writeText(text); done = true; } catch { /* shown instead */ }
    say(text, done);
  }
  function save(answer) {
    const bytes = Uint8Array.from(atob(answer.base64), (c) => c.charCodeAt(0));
    const url = URL.createObjectURL(new Blob([bytes], { type: answer.type }));
    const link = make("a", { href: url, download: answer.name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
    say(`${words.saved}: ${answer.name}`);
  }
  const whole = () => (channel.address ? location.origin + location.pathname : "") + query;
  function drawButtons(keep) {
    const button = (id, text, does) => {
      const node = make("button", { type: "button", id: `xc-${id}` }, text);
      node.addEventListener("click", does);
      return node;
    };
    const ordered = ["png", "svg", "csv"].map((kind) => button(kind, words[kind], () => {
      say(words.busy);
      ask({ do: "download", kind });
    }));
    ordered.push(button("cite", words.cite, () => ask({ do: "cite" })));
    ordered.push(button("link", words.link, () => copy(whole())));
    if (keep) {
      const who = make("input", { id: "xc-reviewer", maxlength: 60, size: 10 });
      const why = make("input", { id: "xc-comment", maxlength: 200, size: 18 });
      ordered.push(make("span", { class: "keep" },
        make("label", { for: "xc-reviewer" }, words.reviewer), who,
        make("label", { for: "xc-comment" }, words.comment), why,
        button("keep", words.keep, () => {
          ask({ do: "keep", reviewer: who.value, comment: why.value });
        })));
    }
    part.buttons.replaceChildren(...ordered);
  }

  function drawTabs(tabs, view) {
    part.tabs.setAttribute("aria-label", words.views);
    const focused = document.activeElement && document.activeElement.dataset.view;
    part.tabs.replaceChildren(...tabs.map(({ value, label }) => {
      const tab = make("button", { type: "button", "data-view": value,
        "aria-current": value === view ? "page" : null }, label);
      tab.addEventListener("click", () => move("view", value));
      return tab;
    }));
    if (focused) part.tabs.querySelector(`[data-view="${focused}"]`)?.focus();
  }

  async function draw(m) {
    const fresh = !page || page.view !== m.view || page.lang !== m.lang || page.keep !== m.keep;
    page = m;
    words = m.words;
    if (m.query !== query || part.push) {
      query = m.query;
      if (channel.address) {
        const url = location.pathname + query;
        if (part.push) history.pushState(null, "", url); else history.replaceState(null, "", url);
      }
    }
    part.push = false;
    if (channel.address) {
      document.documentElement.lang = m.lang === "zh" ? "zh-CN" : "en";
      document.title = m.title || "XC";
    }
    part.title.textContent = m.title;
    part.lang.textContent = words.lang;
    part.lang.lang = m.lang === "zh" ? "en" : "zh";
    part.summary.textContent = words.controls;
    part.hint.textContent = m.pictures.some((p) => p.points.length) ? words.points : "";
    problem(m.problems);
    drawTabs(m.tabs, m.view);
    drawControls(m.controls);
    part.answer.innerHTML = m.answer;
    part.pictures.classList.toggle("two", m.pictures.length > 1);
    const images = m.pictures.map(picture);
    await Promise.all(images.map((f) => f.querySelector("img").decode().catch(() => {})));
    part.pictures.replaceChildren(...images);
    if (fresh) { drawButtons(m.keep); say(""); }
    part.key.textContent = m.key;
    part.tables.innerHTML = m.tables.join("");
    part.sources.innerHTML = m.sources;
    part.tables.querySelectorAll("[data-open]").forEach((node) => node.addEventListener("click", () => {
      const to = new URLSearchParams({ view: "projection", lang: m.lang });
      for (const key of ["scope", "plan", "known"]) {
        const had = new URLSearchParams(query).get(key);
        if (had) to.set(key, had);
      }
      to.set("indicator", node.dataset.open);
      queue.push({ to: `?${to}`, push: true });
      next();
    }));
    part.more.replaceChildren();
    if (m.spent) {
      const all = Math.round(performance.now() / 100) / 10;
      const { libraries, tables, figure } = m.spent;
      say(`${words.began} ${all} s: ${words.spent[0]} ${(all - libraries - tables - figure).toFixed(1)}, `
        + `${words.spent[1]} ${libraries}, ${words.spent[2]} ${tables}, ${words.spent[3]} ${figure}`);
    }
    document.getElementById("loading")?.remove();
    requestAnimationFrame(() => {
      if (began && queue.length === 0) {
        performance.measure("xc-reaction", { start: began, end: performance.now() });
        began = 0;
      }
      busy = false;
      el.removeAttribute("aria-busy");
      el.dataset.seq = m.seq;
      if (queue.length) next();
      else if (m.more) setTimeout(() => more(m.seq, 0), 600);
    });
  }

  // ---- the sensitivity table comes line by line, and gives way to whatever the reader moves
  function more(of, at) {
    if (!busy && of === seq) ask({ do: "more", seq: of, at });
  }
  function drawMore(m) {
    const cells = (row, tag) => make("tr", {}, ...row.map((text) => make(tag, {}, text)));
    if (m.at === 0) {
      part.more.replaceChildren(make("div", { class: "scroll" }, make("table", { class: "rows" },
        make("caption", {}, m.caption), make("thead", {}, cells(m.head, "th")), make("tbody", {}))));
    }
    part.more.querySelector("tbody").append(cells(m.cells, "td"));
    if (m.at + 1 < m.of) setTimeout(() => more(m.seq, m.at + 1), 30);
  }

  channel.on("message", (m) => {
    if (m.do === "show" && m.seq === seq) draw(m);
    else if (m.do === "more" && m.seq === seq && !busy) drawMore(m);
    else if (m.do === "progress") {
      const sign = document.getElementById("loading_text");
      if (sign) sign.textContent = m.text; else say(m.text);
    }
    else if (m.do === "download") save(m);
    else if (m.do === "cite") copy(m.text.replace(/\?\S*$/, "") + whole());
    else if (m.do === "keep") say(m.text);
    else if (m.do === "error") { busy = false; el.removeAttribute("aria-busy"); say(m.text); }
  });
  channel.on("lost", () => {
    document.getElementById("loading")?.remove();
    part.problems.replaceChildren(make("strong", {}, words.lost || "connection lost · 连接已断开"));
  });
  part.lang.addEventListener("click", () => move("lang", page && page.lang === "zh" ? "en" : "zh"));
  if (channel.address) {
    window.addEventListener("popstate", () => { queue.push({ to: location.search }); next(); });
  }
  new ResizeObserver(() => {
    const now = isNarrow();
    if (now === narrow || !page) return;
    narrow = now;
    part.side.open = !narrow;
    queue.push({});
    next();
  }).observe(el);
  queue.push({});
  next();
}
