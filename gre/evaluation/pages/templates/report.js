// The gallery: which samples, in which order, on which page; and the choice of a run.
{
  const collator = new Intl.Collator("en", { numeric: true });
  const state = { run: 0, order: "worst", show: "all", country: "", reason: "", find: "", view: "photos", size: 48, page: 0, list: [], open: -1 };
  const places = (sample) => Object.values(sample.groups)
    .filter((value) => !["yes", "no"].includes(value)).reverse().join(" · ");

  const haystack = (row) => {
    if (!haystacks.has(row)) {
      const sample = data.samples[row.sample];
      haystacks.set(row, [sample.id, row.reason, row.place, ...Object.values(sample.groups),
        ...row.steps ?? [], row.answer, row.raw, ...(row.draws ?? []).map((draw) => draw.text)].filter(Boolean).join("\n").toLowerCase());
    }
    return haystacks.get(row);
  };
  const matches = (row) => {
    if (state.show.startsWith("band") && bandOf(row) !== state.show) return false;
    if (["failed", "error"].includes(state.show) && row.status !== state.show) return false;
    if (state.country && countryOf(data.samples[row.sample]) !== state.country) return false;
    if (state.reason && row.reason !== state.reason) return false;
    return !state.find || haystack(row).includes(state.find);
  };
  // Unreadable answers come after the largest error, whichever the order.
  const size = (row) => row.km ?? (state.order === "worst" ? -1 : Infinity);
  const words = (value) => (value === "" ? "\uffff" : value);
  const byError = (a, b) => (b.km ?? -1) - (a.km ?? -1);
  const byWords = (name) => (a, b) => collator.compare(words(name(a)), words(name(b))) || byError(a, b);
  const orders = {
    worst: (a, b) => size(b) - size(a),
    best: (a, b) => (size(a) === size(b) ? 0 : size(a) - size(b)),
    country: byWords((row) => countryOf(data.samples[row.sample])),
    reason: byWords((row) => row.reason ?? ""),
    id: byWords((row) => data.samples[row.sample].id),
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
  const line = (row, position) => {
    const sample = data.samples[row.sample];
    const opener = element("button", { type: "button", class: "opener" }, sample.id);
    opener.addEventListener("click", () => open(position));
    return element("tr", {},
      element("th", { scope: "row" }, opener),
      element("td", {}, countryOf(sample)),
      element("td", {}, element("span", { class: `dotmark ${bandOf(row)}` }), verdict(row)),
      element("td", {}, row.reason ?? ""),
      element("td", {}, degrees(sample.point)),
      element("td", {}, row.point ? degrees(row.point) : ""));
  };
  const numPages = () => Math.max(1, Math.ceil(state.list.length / state.size));
  const draw = () => {
    state.page = Math.min(Math.max(0, state.page), numPages() - 1);
    const start = state.page * state.size;
    const rows = state.list.slice(start, start + state.size);
    const isTable = state.view === "table";
    one("gallery").hidden = isTable;
    one("listing").hidden = !isTable;
    one("gallery").replaceChildren(...(isTable ? [] : rows.map((row, i) => card(row, start + i))));
    one("listed").replaceChildren(...(isTable ? rows.map((row, i) => line(row, start + i)) : []));
    const total = data.runs[state.run].rows.length;
    const range = rows.length ? `${number(start + 1)}–${number(start + rows.length)} of ` : "";
    one("count").textContent = `Showing ${range}${number(state.list.length)} samples`
      + (state.list.length < total ? `, chosen from ${number(total)}` : "");
    one("pager").hidden = numPages() === 1;
    one("page").value = state.page + 1;
    one("page").max = numPages();
    one("pages").textContent = `of ${number(numPages())}`;
    for (const id of ["first-page", "previous-page"]) one(id).disabled = state.page === 0;
    for (const id of ["next-page", "last-page"]) one(id).disabled = state.page === numPages() - 1;
  };
  const markHeaders = () => {
    const shown = { worst: ["error", "descending"], best: ["error", "ascending"] }[state.order]
      ?? [state.order, "ascending"];
    for (const button of document.querySelectorAll("#listing button.sort")) {
      const header = button.closest("th");
      if (button.dataset.order === shown[0]) header.setAttribute("aria-sort", shown[1]);
      else header.removeAttribute("aria-sort");
    }
    for (const button of document.querySelectorAll("[data-preset]")) {
      button.setAttribute("aria-pressed", String(isPreset(button.dataset.preset)));
    }
  };
  const worstOf = (rows) => {
    const measured = rows.filter((row) => row.km !== undefined);
    return measured.sort((a, b) => (state.order === "best" ? a.km - b.km : b.km - a.km)).slice(0, data.worst);
  };
  const select = () => {
    let rows = data.runs[state.run].rows.filter(matches);
    if (state.show === "top") rows = worstOf(rows);
    state.list = rows.sort(orders[state.order]);
    state.page = 0;
    markHeaders();
    draw();
  };

  // The "top" of an order is the worst 50, or the best 50 where the smallest error comes first.
  const presets = {
    worst: { order: "worst", show: "top" },
    best: { order: "best", show: "top" },
    failed: { order: "reason", show: "failed" },
    all: { order: "worst", show: "all" },
  };
  const untouched = { country: "", reason: "", find: "" };
  const isPreset = (name) => Object.entries({ ...untouched, ...presets[name] })
    .every(([key, value]) => state[key] === value);
  const choose = (values) => {
    Object.assign(state, values);
    for (const id of Object.keys(values)) one(id).value = values[id];
    one("show").querySelector('[value="top"]').textContent =
      `the ${state.order === "best" ? "best" : "worst"} ${data.worst}`;
    select();
  };
  const options = (id, names) => {
    const counts = new Map();
    for (const name of names) if (name) counts.set(name, (counts.get(name) ?? 0) + 1);
    const sorted = [...counts].sort((a, b) => collator.compare(a[0], b[0]));
    one(id).replaceChildren(element("option", { value: "" }, "all"),
      ...sorted.map(([name, count]) => element("option", { value: name }, `${name} (${number(count)})`)));
    if (!counts.has(state[id])) state[id] = "";
    one(id).value = state[id];
  };
  const chooseRun = (index) => {
    state.run = index;
    for (const chooser of document.querySelectorAll('[data-role="run"]')) chooser.value = index;
    for (const layer of document.querySelectorAll("#map .layer")) {
      layer.toggleAttribute("hidden", Number(layer.dataset.layer) !== index);
    }
    const rows = data.runs[index].rows;
    options("country", rows.map((row) => countryOf(data.samples[row.sample])));
    options("reason", rows.map((row) => row.reason));
    select();
    if (state.find) unpackAll(data.runs[index]).then(select);
  };
  const open = (position) => {
    const row = state.list[position];
    if (!row) return;
    state.open = position;
    sampleView.fill(row, state.run);
    one("previous").disabled = position === 0;
    one("next").disabled = position === state.list.length - 1;
    if (!one("sample").open) one("sample").showModal();
    one("sample").scrollTop = 0;
  };

  // A spreadsheet takes a cell that begins like this for a formula; numbers may.
  const safe = (text) => (/^[=+\-@\t\r]/.test(text) && !/^[+-]?\d+(\.\d+)?$/.test(text) ? `'${text}` : text);
  const quoted = (value) => {
    const text = safe(String(value ?? ""));
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const save = () => {
    const header = ["id", "country", "gt_lat", "gt_lon", "lat", "lon", "error_km", "status", "reason"];
    const lines = state.list.map((row) => {
      const sample = data.samples[row.sample];
      return [sample.id, countryOf(sample), ...sample.point, ...(row.point ?? ["", ""]), row.km,
        row.status, row.reason].map(quoted).join(",");
    });
    const blob = new Blob([[header.join(","), ...lines, ""].join("\n")], { type: "text/csv" });
    const link = element("a", { href: URL.createObjectURL(blob), download: "samples.csv" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  for (const chooser of document.querySelectorAll('[data-role="run"]')) {
    chooser.addEventListener("change", () => chooseRun(Number(chooser.value)));
  }
  for (const id of ["order", "show", "country", "reason"]) {
    one(id).addEventListener("change", (event) => choose({ [id]: event.target.value }));
  }
  let waiting = 0;
  one("find").addEventListener("input", (event) => {
    clearTimeout(waiting);
    const find = event.target.value.trim().toLowerCase();
    waiting = setTimeout(async () => {
      if (find) await unpackAll(data.runs[state.run]);
      state.find = find;
      select();
    }, 120);
  });
  for (const button of document.querySelectorAll("[data-preset]")) {
    button.addEventListener("click", () => choose({ ...untouched, ...presets[button.dataset.preset] }));
  }
  for (const button of document.querySelectorAll("#listing button.sort")) {
    const next = () => (button.dataset.order !== "error" ? button.dataset.order
      : state.order === "worst" ? "best" : "worst");
    button.addEventListener("click", () => choose({ order: next() }));
  }
  const turn = (page) => { state.page = page; draw(); };
  one("view").addEventListener("change", (event) => { state.view = event.target.value; draw(); });
  one("size").addEventListener("change", (event) => {
    const first = state.page * state.size;
    state.size = Number(event.target.value);
    turn(Math.floor(first / state.size));
  });
  one("page").addEventListener("change", (event) => turn((Number.parseInt(event.target.value, 10) || 1) - 1));
  one("first-page").addEventListener("click", () => turn(0));
  one("previous-page").addEventListener("click", () => turn(state.page - 1));
  one("next-page").addEventListener("click", () => turn(state.page + 1));
  one("last-page").addEventListener("click", () => turn(numPages() - 1));
  one("save").addEventListener("click", save);
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
    const find = () => state.list.findIndex((row) => row.sample === sample);
    if (find() < 0) choose({ ...untouched, show: "all" }); // hidden by a filter: show everything again
    open(find());
  });
  // Browsers may restore an earlier choice on reload; the page starts from its own.
  for (const id of ["order", "show", "view"]) state[id] = one(id).value;
  state.size = Number(one("size").value);
  chooseRun(data.first);
}
