// The opened sample: photo, map, reasoning, answer, truth, and what the other runs said.
const sampleView = {
  shown: null,
  facts(pairs) {
    const list = element("dl", { class: "facts" });
    for (const [name, value] of pairs) {
      if (value) list.append(element("dt", {}, name), element("dd", {}, value));
    }
    return list;
  },
  inset(row, sample) {
    const drawnPoints = (row.draws ?? []).map((draw) => draw.point).filter(Boolean).map(project);
    const ends = [sample.point, row.point].filter(Boolean).map(project);
    const points = [...ends, ...drawnPoints];
    const xs = points.map((p) => p[0]);
    const ys = points.map((p) => p[1]);
    const width = Math.max(60, (Math.max(...xs) - Math.min(...xs)) * 1.5, (Math.max(...ys) - Math.min(...ys)) * 3);
    const centre = [(Math.max(...xs) + Math.min(...xs)) / 2, (Math.max(...ys) + Math.min(...ys)) / 2];
    const mark = drawn("g", { class: `mark chosen ${row.km === undefined ? "" : bandOf(row)}` });
    const path = (name, d) => mark.append(drawn("path", { class: name, d }));
    if (row.point) path("way", greatCircle(sample.point, row.point));
    for (const point of drawnPoints) path("drawn", `M${point.join(" ")}h0`);
    path("truth", `M${ends[0].join(" ")}h0`);
    if (row.point) path("guess", `M${ends[1].join(" ")}h0`);
    return drawn("svg", {
      class: "worldmap", role: "img", "aria-label": "Map of truth and guess",
      viewBox: `${centre[0] - width / 2} ${centre[1] - width / 4} ${width} ${width / 2}`,
    }, drawn("use", { href: "#map-ground" }), mark);
  },
  others(row, runIndex) {
    return data.runs
      .map((run, index) => [run.name, index, run.rows.find((other) => other.sample === row.sample)])
      .filter(([, index, other]) => index !== runIndex && other)
      .map(([name, , other]) => [name, verdict(other)]);
  },
  // Every answer of a model that was asked several times; the one that stands for all is marked.
  sampled(row) {
    const { draws, spread } = row;
    const readable = draws.filter((draw) => draw.point).length;
    const told = [`${number(readable)} of ${number(draws.length)} readable`];
    if (spread) told.push(`${kilometres(spread.km)} around the chosen one hold ${Math.round(spread.share * 100)} % of them`);
    const list = element("ol", { class: "draws" }, ...draws.map((draw) => {
      const where = draw.point ? `${degrees(draw.point)} · ${kilometres(draw.km)} off`
        : `unreadable: ${draw.reason}`;
      return draw.chosen ? element("li", { class: "chosen" }, `${where} · chosen, shown above`)
        : element("li", {}, element("details", {}, element("summary", {}, where),
          element("p", { class: "raw" }, draw.text)));
    }));
    return [element("h3", {}, "Sampled answers"), element("p", { class: "note" }, told.join("; ")), list];
  },
  story(row, sample, runIndex) {
    const guess = row.point ? [degrees(row.point), row.place].filter(Boolean).join(" · ") : "";
    const parts = [this.facts([
      ["distance", verdict(row)],
      ["truth", degrees(sample.point)],
      ["guess", guess],
      ["why", [row.reason, row.detail].filter(Boolean).join(": ")],
      ...Object.entries(sample.groups),
      ...this.others(row, runIndex),
    ])];
    if (row.steps) {
      parts.push(element("h3", {}, "Reasoning"),
        element("ol", { class: "steps" }, ...row.steps.map((step) => element("li", {}, step))));
    }
    if (row.answer !== undefined) {
      parts.push(element("h3", {}, "Answer"), element("p", { class: "raw" }, row.answer));
    }
    if (row.packed !== undefined) {
      parts.push(element("p", { class: "note" }, canUnpack ? "Opening the text …"
        : "This browser cannot open packed text; it stands in predictions.jsonl."));
    }
    if (row.raw !== undefined) {
      parts.push(element("h3", {}, "Text as written"), element("p", { class: "raw" }, row.raw));
    }
    if (row.draws) parts.push(...this.sampled(row));
    return parts;
  },
  fill(row, runIndex) {
    const sample = data.samples[row.sample];
    one("sample-title").textContent = `${sample.id} · ${data.runs[runIndex].name}`;
    one("sample-picture").replaceChildren(sample.picture
      ? element("img", { src: sample.picture, alt: `Photo ${sample.id}` })
      : element("p", { class: "note" }, "This photo is not embedded in the page."));
    const tell = () => {
      one("sample-map").replaceChildren(this.inset(row, sample));
      one("sample-text").replaceChildren(...this.story(row, sample, runIndex));
    };
    this.shown = row;
    tell();
    if (row.packed !== undefined && canUnpack) {
      unpack(data.runs[runIndex], row.packed).then(() => { if (this.shown === row) tell(); });
    }
  },
};
