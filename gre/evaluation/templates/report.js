// The gallery, the opened sample, and the choice of a run.
"use strict";
{
  const PAGE = 48;
  const data = JSON.parse(document.getElementById("data").textContent);
  const one = (id) => document.getElementById(id);
  const state = { run: 0, order: "worst", show: "all", find: "", shown: PAGE, list: [], open: -1 };

  const element = (name, attributes = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children.filter((child) => child !== null));
    return node;
  };
  const drawn = (name, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const kilometres = (km) =>
    `${km.toLocaleString("en", { maximumFractionDigits: km < 10 ? 1 : 0 })} km`;
  const degrees = (point) => `${point[0].toFixed(4)}, ${point[1].toFixed(4)}`;
  const words = { failed: "unreadable", error: "not asked" };
  const verdict = (row) => row.km === null ? words[row.status] ?? row.status : kilometres(row.km);
  const bandOf = (row) => row.km === null ? "unread" : `band${row.band}`;
  const places = (sample) => Object.values(sample.groups)
    .filter((value) => !["yes", "no"].includes(value)).reverse().join(" · ");

  const matches = (row) => {
    const sample = data.samples[row.sample];
    if (state.show.startsWith("band") && bandOf(row) !== state.show) return false;
    if (["failed", "error"].includes(state.show) && row.status !== state.show) return false;
    if (!state.find) return true;
    const text = [sample.id, row.reason ?? "", ...Object.values(sample.groups)].join("\n");
    return text.toLowerCase().includes(state.find);
  };
  // Unreadable answers come after the largest error, whichever the order.
  const size = (row) => row.km ?? (state.order === "worst" ? -1 : Infinity);
  const orders = {
    worst: (a, b) => size(b) - size(a),
    best: (a, b) => (size(a) === size(b) ? 0 : size(a) - size(b)),
    file: () => 0,
  };

  const card = (row, position) => {
    const sample = data.samples[row.sample];
    const picture = sample.picture
      ? element("img", { class: "picture", src: sample.picture, alt: "", loading: "lazy" })
      : element("span", { class: "picture nopicture" }, "photo not embedded");
    const caption = element("span", { class: "caption" },
      element("span", { class: `dotmark ${bandOf(row)}` }), verdict(row),
      element("span", { class: "where" }, places(sample) || sample.id));
    const button = element("button",
      { type: "button", "aria-label": `Sample ${sample.id}, ${verdict(row)}` }, picture, caption);
    button.addEventListener("click", () => open(position));
    return element("li", {}, button);
  };
  const draw = () => {
    const cards = state.list.slice(0, state.shown).map(card);
    one("gallery").replaceChildren(...cards);
    const total = data.runs[state.run].rows.length;
    one("count").textContent = `${state.list.length.toLocaleString("en")} of ${total.toLocaleString("en")} samples`;
    one("more").hidden = state.shown >= state.list.length;
  };
  const select = () => {
    state.list = data.runs[state.run].rows.filter(matches).sort(orders[state.order]);
    state.shown = PAGE;
    draw();
  };
  const chooseRun = (index) => {
    state.run = index;
    for (const chooser of document.querySelectorAll('[data-role="run"]')) chooser.value = index;
    for (const layer of document.querySelectorAll("#map .layer")) {
      layer.toggleAttribute("hidden", Number(layer.dataset.layer) !== index);
    }
    select();
  };

  const facts = (pairs) => {
    const list = element("dl", { class: "facts" });
    for (const [name, value] of pairs) {
      if (value) list.append(element("dt", {}, name), element("dd", {}, value));
    }
    return list;
  };
  const inset = (row, sample) => {
    const points = [sample.at, row.at].filter(Boolean);
    const xs = points.map((p) => p[0]);
    const ys = points.map((p) => p[1]);
    const width = Math.max(60, (Math.max(...xs) - Math.min(...xs)) * 1.5, (Math.max(...ys) - Math.min(...ys)) * 3);
    const centre = [(Math.max(...xs) + Math.min(...xs)) / 2, (Math.max(...ys) + Math.min(...ys)) / 2];
    const map = drawn("svg", {
      class: "worldmap", role: "img", "aria-label": "Map of truth and guess",
      viewBox: `${centre[0] - width / 2} ${centre[1] - width / 4} ${width} ${width / 2}`,
    });
    map.append(drawn("use", { href: "#map-ground" }));
    const mark = drawn("g", { class: `mark chosen ${row.km === null ? "" : bandOf(row)}` });
    const path = (name, d) => mark.append(drawn("path", { class: name, d }));
    const way = document.querySelector(
      `#map .layer[data-layer="${state.run}"] .mark[data-key="${row.sample}"] .way`);
    if (way) path("way", way.getAttribute("d"));
    path("truth", `M${sample.at.join(" ")}h0`);
    if (row.at) path("guess", `M${row.at.join(" ")}h0`);
    map.append(mark);
    return map;
  };
  const others = (row) => data.runs
    .map((run, index) => [run.name, index, run.rows.find((other) => other.sample === row.sample)])
    .filter(([, index, other]) => index !== state.run && other)
    .map(([name, , other]) => [name, verdict(other)]);
  const story = (row, sample) => {
    const parts = [facts([
      ["distance", verdict(row)],
      ["truth", degrees(sample.point)],
      ["guess", row.point ? degrees(row.point) : ""],
      ["why", [row.reason, row.detail].filter(Boolean).join(": ")],
      ...Object.entries(sample.groups),
      ...others(row),
    ])];
    if (row.steps.length) {
      parts.push(element("h3", {}, "Reasoning"),
        element("ol", { class: "steps" }, ...row.steps.map((step) => element("li", {}, step))));
    }
    if (row.answer !== null) {
      parts.push(element("h3", {}, "Answer"), element("p", { class: "raw" }, row.answer));
    }
    if (row.raw !== null) {
      parts.push(element("h3", {}, "Text as written"), element("p", { class: "raw" }, row.raw));
    }
    return parts;
  };
  const open = (position) => {
    const row = state.list[position];
    if (!row) return;
    state.open = position;
    const sample = data.samples[row.sample];
    one("sample-title").textContent = `${sample.id} · ${data.runs[state.run].name}`;
    one("sample-picture").replaceChildren(sample.picture
      ? element("img", { src: sample.picture, alt: `Photo ${sample.id}` })
      : element("p", { class: "note" }, "This photo is not embedded in the page."));
    one("sample-map").replaceChildren(inset(row, sample));
    one("sample-text").replaceChildren(...story(row, sample));
    one("previous").disabled = position === 0;
    one("next").disabled = position === state.list.length - 1;
    if (!one("sample").open) one("sample").showModal();
    one("sample").scrollTop = 0;
  };

  for (const chooser of document.querySelectorAll('[data-role="run"]')) {
    chooser.addEventListener("change", () => chooseRun(Number(chooser.value)));
  }
  one("order").addEventListener("change", (event) => { state.order = event.target.value; select(); });
  one("show").addEventListener("change", (event) => { state.show = event.target.value; select(); });
  one("find").addEventListener("input", (event) => { state.find = event.target.value.trim().toLowerCase(); select(); });
  one("more").addEventListener("click", () => { state.shown += PAGE; draw(); });
  one("close").addEventListener("click", () => one("sample").close());
  one("previous").addEventListener("click", () => open(state.open - 1));
  one("next").addEventListener("click", () => open(state.open + 1));
  one("sample").addEventListener("click", (event) => { if (event.target === one("sample")) one("sample").close(); });
  one("sample").addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") open(state.open - 1);
    if (event.key === "ArrowRight") open(state.open + 1);
  });
  one("map").addEventListener("click", (event) => {
    const mark = event.target.closest(".mark");
    if (!mark) return;
    const sample = Number(mark.dataset.key);
    let position = state.list.findIndex((row) => row.sample === sample);
    if (position < 0) { // hidden by a filter: show everything again
      Object.assign(state, { show: "all", find: "" });
      one("show").value = "all";
      one("find").value = "";
      select();
      position = state.list.findIndex((row) => row.sample === sample);
    }
    open(position);
  });
  // Browsers may restore an earlier choice on reload; the page starts from its own.
  state.order = one("order").value;
  state.show = one("show").value;
  chooseRun(data.first);
}
