// The step slider and the groups of the chosen step.
"use strict";
{
  const data = JSON.parse(document.getElementById("data").textContent);
  const one = (id) => document.getElementById(id);
  const state = { show: "all", order: "reward", steps: [], at: -1 };
  const [worldWidth, worldHeight] = data.world;

  const filled = (node, attributes, children) => {
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children.filter((child) => child !== null));
    return node;
  };
  const element = (name, attributes = {}, ...children) =>
    filled(document.createElement(name), attributes, children);
  const drawn = (name, attributes = {}, ...children) =>
    filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
  const whole = (value) => value.toLocaleString("en");
  const kilometres = (km) =>
    `${km.toLocaleString("en", { maximumFractionDigits: km < 10 ? 1 : 0 })} km`;
  const degrees = (point) => `${point[0].toFixed(4)}, ${point[1].toFixed(4)}`;
  const plain = (value) => (value === null ? "–" : value.toFixed(2).replace(/^-0\.00$/, "0.00").replace("-", "−"));
  const signed = (value) => (value > 0 ? "+" : "") + plain(value);
  // Two shades to each side; within a fiftieth of the largest advantage there is none.
  const pull = (advantage) => {
    const share = (advantage ?? 0) / data.reach;
    if (Math.abs(share) < 0.02) return "pull0";
    return `${share > 0 ? "gain" : "loss"}${Math.abs(share) < 0.4 ? 1 : 2}`;
  };

  const shows = {
    all: () => true,
    flat: (group) => group.isFlat,
    unreadable: (group) => group.unreadable > 0,
  };
  const orders = {
    reward: (a, b) => (b.reward ?? -Infinity) - (a.reward ?? -Infinity) || a.index - b.index,
    index: (a, b) => a.index - b.index,
  };

  // The map of a group: truth, points, and the way from one to the other.
  const fitted = (group) => {
    const points = [group.at, ...group.rollouts.map((row) => row.at).filter(Boolean)];
    const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const ratio = worldHeight / worldWidth;
    const width = Math.max(8, 1.5 * (right - left), (1.7 * (bottom - top)) / ratio);
    if (width > 0.6 * worldWidth) return null;
    const inside = (value, size, end) => Math.min(Math.max(value - size / 2, 0), end - size);
    return {
      x: inside((left + right) / 2, width, worldWidth),
      y: inside((top + bottom) / 2, width * ratio, worldHeight),
      width,
      height: width * ratio,
    };
  };
  const scaleBar = (group, view) => {
    const room = (view.width / 4) * group.unitKm;
    const power = 10 ** Math.floor(Math.log10(room));
    const km = [5, 2, 1].map((n) => n * power).find((size) => size <= room);
    const [unit, y] = [view.width / 100, view.y + view.height - view.width / 40];
    const x = view.x + 2.5 * unit;
    const label = drawn("text", { x, y: y - unit, "font-size": 2.4 * unit }, `${whole(km)} km`);
    const line = drawn("path", { d: `M${x} ${y - unit / 2}v${unit / 2}h${km / group.unitKm}v${-unit / 2}` });
    return drawn("g", { class: "scalebar" }, label, line);
  };
  // Points that would cover each other become one dot with their number.
  const heaps = (group, size) => {
    const found = [];
    for (const row of group.rollouts.filter((other) => other.at)) {
      const heap = found.find(({ at }) => Math.hypot(at[0] - row.at[0], at[1] - row.at[1]) < 1.2 * size);
      if (heap) heap.rows.push(row);
      else found.push({ at: row.at, rows: [row] });
    }
    return found;
  };
  const dot = (heap, size) => {
    const [x, y] = heap.at;
    const rows = heap.rows;
    const mean = rows.reduce((sum, row) => sum + (row.advantage ?? 0), 0) / rows.length;
    const words = rows.map((row) => `#${row.index}: ${row.km === null ? "" : kilometres(row.km)}, advantage ${plain(row.advantage)}`);
    const mark = drawn("g", { class: `dotted ${pull(mean)}`, "data-rows": rows.map((row) => row.index).join(" ") },
      drawn("title", {}, words.join("\n")));
    const label = rows.length === 1 ? `${rows[0].index}` : `${rows.length}×`;
    mark.append(drawn("circle", { cx: x, cy: y, r: rows.length === 1 ? size : 1.3 * size }),
      drawn("text", { x, y: y + 0.42 * size, "font-size": 1.15 * size, "text-anchor": "middle" }, label));
    return mark;
  };
  const drawMap = (svg, group, view) => {
    const box = view ?? { x: 0, y: 0, width: worldWidth, height: worldHeight };
    const size = box.width / (window.innerWidth < 620 ? 40 : 52); // a finger's breadth on a phone
    const [x, y] = group.at;
    const ways = group.rollouts.filter((row) => row.way).map((row) =>
      drawn("path", { class: `way ${pull(row.advantage)}`, d: row.way, "data-rows": row.index }));
    // A pin, whose tip is the place: its head leaves room for the points that are right.
    const truth = drawn("g", { class: "truthmark" }, drawn("title", {}, `truth: ${degrees(group.truth)}`),
      drawn("path", { transform: `translate(${x} ${y}) scale(${size})`, d: "M0 0C-.45 -1.2 -1.35 -1.7 -1.35 -2.85A1.35 1.35 0 0 1 1.35 -2.85C1.35 -1.7 .45 -1.2 0 0Z" }),
      drawn("circle", { cx: x, cy: y - 2.85 * size, r: 0.5 * size }));
    svg.setAttribute("viewBox", `${box.x} ${box.y} ${box.width} ${box.height}`);
    svg.replaceChildren(drawn("use", { href: "#atlas-ground" }), ...ways, truth,
      ...heaps(group, size).reverse().map((heap) => dot(heap, size)));
    if (view) svg.append(scaleBar(group, view));
  };
  const mapOf = (group) => {
    const placed = group.rollouts.filter((row) => row.at).length;
    const svg = drawn("svg", {
      class: "worldmap rollmap", role: "img",
      "aria-label": `Map: the truth and ${placed} of ${group.rollouts.length} points; distances stand with the completions`,
    });
    const close = fitted(group);
    drawMap(svg, group, close);
    const frame = element("div", { class: "rollframe" }, svg);
    if (close) {
      const button = element("button", { type: "button", "aria-pressed": "false" }, "Whole world");
      button.addEventListener("click", () => {
        const isWide = button.getAttribute("aria-pressed") === "false";
        button.setAttribute("aria-pressed", isWide);
        drawMap(svg, group, isWide ? null : close);
      });
      frame.append(button);
    }
    return frame;
  };

  const bar = (row) => {
    const share = Math.max(-1, Math.min(1, (row.advantage ?? 0) / data.reach));
    const svg = drawn("svg", { class: "advantage", viewBox: "0 0 100 12", "aria-hidden": "true" },
      drawn("path", { class: "track", d: "M0 6H100M50 0V12" }));
    if (share) {
      svg.append(drawn("rect", {
        class: share > 0 ? "gain2" : "loss2", x: 50 + Math.min(0, 50 * share), y: 2, width: Math.max(1, Math.abs(50 * share)), height: 8,
      }));
    }
    const value = row.advantage === null ? "–" : signed(row.advantage);
    return element("span", { class: "pull", title: "advantage" },
      element("span", { class: "hidden-words" }, "advantage "), svg, value);
  };
  const outcome = (row, group) => {
    if (group.label !== null) {
      if (row.verdict === null) return element("span", { class: "outcome" }, "no verdict");
      const isRight = row.verdict === group.label;
      return element("span", { class: `outcome ${isRight ? "right" : "wrong"}` },
        `${row.verdict ? "True" : "False"}: ${isRight ? "right" : "wrong"}`);
    }
    if (row.km !== null) {
      return element("span", { class: "outcome" }, element("span", { class: `dotmark band${row.band}` }), kilometres(row.km));
    }
    return row.isReadable === false ? element("span", { class: "outcome wrong" }, "unreadable") : null;
  };
  const said = ([kind, text, leftOut]) => {
    const body = element("div", { class: "words", dir: "auto" }, text);
    if (leftOut) body.append(element("span", { class: "leftout" }, ` … ${whole(leftOut)} more characters in rollouts.jsonl`));
    const title = { think: "inside the think tags", answer: "inside the answer tags", outside: "outside of both tags" }[kind];
    return element("div", { class: `said ${kind}` }, element("span", { class: "kind", title }, kind), element("div", {}, body));
  };
  const completion = (row, group) => {
    const length = row.tokens === null ? [] : [element("li", {}, `${whole(row.tokens)} tokens`)];
    if (row.isTruncated) length.push(element("li", { class: "cutoff" }, "cut off at the limit"));
    return element("li", { class: "completion", "data-row": row.index },
      element("div", { class: "headline" },
        element("span", { class: `chip ${pull(row.advantage)}`, title: "number in the group" }, `${row.index}`),
        bar(row),
        element("span", { class: "reward" }, "reward ", element("b", {}, plain(row.reward))),
        outcome(row, group)),
      element("ul", { class: "functions" }, ...row.functions.map(([name, value, why]) =>
        element("li", {}, `${name} `, element("b", {}, plain(value)), why ? element("span", { class: "why" }, why) : null)), ...length),
      ...(row.parts.length ? row.parts.map(said) : [element("p", { class: "note" }, "nothing was written")]));
  };
  const facts = (group) => {
    const list = element("dl", { class: "facts" });
    const rewards = group.rollouts.map((row) => row.reward).filter((value) => value !== null);
    const range = rewards.length ? `${plain(Math.min(...rewards))} to ${plain(Math.max(...rewards))}` : "";
    const pairs = [
      ["truth", group.truth ? degrees(group.truth) : ""],
      ["label", group.label === null ? "" : group.label ? "True: the reasoning is right" : "False: the reasoning is wrong"],
      ["scale θ", group.scaleKm === null ? "" : kilometres(group.scaleKm)],
      ["rewards", range],
      ["unreadable", group.unreadable ? `${group.unreadable} of ${group.rollouts.length}` : ""],
    ];
    for (const [name, value] of pairs) {
      if (value) list.append(element("dt", {}, name), element("dd", {}, value));
    }
    return list;
  };
  const photo = (group) => {
    const found = data.photos[group.photo];
    return found
      ? element("img", { class: "shot", src: found.url, width: found.width, height: found.height, alt: `Photo ${group.id}` })
      : element("div", { class: "shot noshot" }, "photo not in this page");
  };
  const card = (group) => {
    const title = element("h3", { id: `group-${group.step}-${group.number}` }, group.id || `group ${group.number}`);
    const badges = [
      element("span", { class: "badge" }, `step ${whole(group.step)} · group ${whole(group.number)}`),
      group.isFlat ? element("span", { class: "badge alert" }, "no reward variance") : null,
      group.unreadable ? element("span", { class: "badge alert" }, `${group.unreadable} unreadable`) : null,
    ];
    const [prompt, leftOut] = group.prompt;
    const question = element("div", { class: "question", dir: "auto", tabindex: "0", role: "region", "aria-label": "Question" },
      prompt + (leftOut ? ` … ${whole(leftOut)} more characters` : ""));
    const scene = element("div", { class: `scene ${group.at ? "withmap" : ""}` }, photo(group),
      group.at ? mapOf(group) : null, element("div", { class: "asked" }, question, facts(group)));
    const rows = [...group.rollouts].sort(orders[state.order]).map((row) => completion(row, group));
    const node = element("article", { class: "card group", "aria-labelledby": title.id },
      element("div", { class: "grouphead" }, title, ...badges), scene, element("ul", { class: "completions" }, ...rows));
    node.addEventListener("pointerover", (event) => {
      const item = event.target.closest?.("[data-row], [data-rows]");
      const chosen = (item?.dataset.row ?? item?.dataset.rows ?? "").split(" ");
      for (const mark of node.querySelectorAll("[data-row], [data-rows]")) {
        const own = (mark.dataset.row ?? mark.dataset.rows).split(" ");
        mark.classList.toggle("pointed", own.some((index) => chosen.includes(index)));
      }
    });
    return node;
  };
  // Long reasoning is folded; the button appears only where something is hidden.
  const fold = () => {
    for (const body of document.querySelectorAll(".words")) {
      if (body.scrollHeight <= body.clientHeight + 2) continue;
      const button = element("button", { type: "button", class: "unfold", "aria-expanded": "false" }, "show all");
      button.addEventListener("click", () => {
        const isOpen = body.classList.toggle("open");
        button.setAttribute("aria-expanded", isOpen);
        button.textContent = isOpen ? "show less" : "show all";
      });
      body.after(button);
    }
  };

  const markCharts = (step) => {
    for (const chart of document.querySelectorAll(".stepchart")) {
      const { first, last, left, right } = Object.fromEntries(
        Object.entries(chart.dataset).map(([key, value]) => [key, Number(value)]));
      const cursor = chart.querySelector(".cursor");
      const x = left + ((step - first + 0.5) / (last - first + 1)) * (right - left);
      cursor.setAttribute("transform", `translate(${x} 0)`);
      cursor.removeAttribute("hidden");
    }
  };
  const go = (place) => {
    const slider = one("step");
    state.at = Math.min(Math.max(place, 0), state.steps.length - 1);
    slider.value = state.at;
    one("previous").disabled = state.at <= 0;
    one("next").disabled = state.at >= state.steps.length - 1;
    const step = state.steps[state.at];
    if (step === undefined) {
      one("step-name").textContent = "Step –";
      one("count").textContent = "No group on this page is of that kind.";
      one("cards").replaceChildren();
      return;
    }
    const groups = data.groups.filter((group) => group.step === step && shows[state.show](group));
    const name = `Step ${whole(step)}`;
    one("step-name").textContent = name;
    slider.setAttribute("aria-valuetext", name);
    one("count").textContent = `${groups.length} of the ${whole(data.totals[step])} group${data.totals[step] === 1 ? "" : "s"} of this step`
      + ` (${state.at + 1} of ${state.steps.length} to choose from; the arrow keys turn the pages).`;
    one("cards").replaceChildren(...groups.map(card));
    fold();
    markCharts(step);
  };
  const nearest = (step) => {
    const gaps = state.steps.map((other) => Math.abs(other - step));
    return gaps.indexOf(Math.min(...gaps));
  };
  const select = () => {
    const step = state.steps[state.at] ?? Infinity;
    state.steps = [...new Set(data.groups.filter(shows[state.show]).map((group) => group.step))];
    one("step").max = Math.max(0, state.steps.length - 1);
    one("step").disabled = state.steps.length < 2;
    go(Number.isFinite(step) ? nearest(step) : state.steps.length - 1);
  };

  one("step").addEventListener("input", (event) => go(Number(event.target.value)));
  one("previous").addEventListener("click", () => go(state.at - 1));
  one("next").addEventListener("click", () => go(state.at + 1));
  one("show").addEventListener("change", (event) => { state.show = event.target.value; select(); });
  one("order").addEventListener("change", (event) => { state.order = event.target.value; go(state.at); });
  document.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const isTaken = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey
      || event.target.closest?.("input, select, textarea, .question");
    if (!move || isTaken || event.defaultPrevented) return;
    event.preventDefault();
    go(state.at + move);
  });
  for (const chart of document.querySelectorAll(".stepchart")) {
    chart.addEventListener("click", (event) => {
      if (!state.steps.length) return;
      const box = chart.getBoundingClientRect();
      const { first, last, left, right } = chart.dataset;
      const x = ((event.clientX - box.left) / box.width) * chart.viewBox.baseVal.width;
      const share = (x - Number(left)) / (Number(right) - Number(left));
      go(nearest(Number(first) + share * (Number(last) - Number(first) + 1) - 0.5));
    });
  }
  // Browsers may restore an earlier choice on reload; the page starts from its own.
  state.show = one("show").value;
  state.order = one("order").value;
  select();
}
