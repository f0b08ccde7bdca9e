// What the report's scripts share: the data, elements, words, and the map's geometry.
const data = JSON.parse(document.getElementById("data").textContent);
const one = (id) => document.getElementById(id);
const filled = (node, attributes, children) => {
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};
const element = (name, attributes = {}, ...children) =>
  filled(document.createElement(name), attributes, children);
const drawn = (name, attributes = {}, ...children) =>
  filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

const number = (value) => value.toLocaleString("en");
const kilometres = (km) =>
  `${km.toLocaleString("en", { maximumFractionDigits: km < 10 ? 1 : 0 })} km`;
const degrees = (point) => `${point[0].toFixed(4)}, ${point[1].toFixed(4)}`;
const statusWords = { failed: "unreadable", error: "not asked" };
const verdict = (row) =>
  row.km === undefined ? statusWords[row.status] ?? row.status : kilometres(row.km);
const bandOf = (row) => (row.band === undefined ? "unread" : `band${row.band}`);
// Words to find, made when they are first needed: a page may hold millions.
const haystacks = new Map();
// Texts too many to stand in the page are packed; a chunk is opened once, for all its samples.
const opened = new Map();
const canUnpack = typeof DecompressionStream === "function";
const inflate = async (base64) => {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
};
const unpack = (run, number) => {
  const name = `${data.runs.indexOf(run)}/${number}`;
  if (!opened.has(name)) opened.set(name, inflate(run.chunks[number]).then((texts) => {
    for (const row of run.rows) {
      if (row.packed !== number) continue;
      Object.assign(row, texts[row.sample]);
      delete row.packed;
      haystacks.delete(row);
    }
  }));
  return opened.get(name);
};
const unpackAll = (run) => (canUnpack
  ? Promise.all(run.chunks.map((_, number) => unpack(run, number))) : Promise.resolve());
const countryOf = (sample) => sample.groups.country ?? "";

// Equal Earth, with the constants that the drawn map was made with.
const project = ([lat, lon]) => {
  const [a1, a2, a3, a4] = data.earth.a;
  const theta = Math.asin(Math.sqrt(3) / 2 * Math.sin(lat * Math.PI / 180));
  const t2 = theta * theta;
  const t6 = t2 * t2 * t2;
  const slope = 9 * a4 * t6 * t2 + 7 * a3 * t6 + 3 * a2 * t2 + a1;
  const x = 2 * Math.sqrt(3) * (lon * Math.PI / 180) * Math.cos(theta) / (3 * slope);
  const y = theta * (a4 * t6 * t2 + a3 * t6 + a2 * t2 + a1);
  return [data.earth.width / 2 + data.earth.scale * x, data.earth.height / 2 - data.earth.scale * y];
};
const unitVector = ([lat, lon]) => {
  const [a, b] = [lat * Math.PI / 180, lon * Math.PI / 180];
  return [Math.cos(a) * Math.cos(b), Math.cos(a) * Math.sin(b), Math.sin(a)];
};
// Path of the shorter great circle, cut where it crosses longitude 180.
const greatCircle = (start, end) => {
  const [u, v] = [unitVector(start), unitVector(end)];
  const angle = Math.acos(Math.min(1, Math.max(-1, u[0] * v[0] + u[1] * v[1] + u[2] * v[2])));
  const steps = Math.max(1, Math.ceil(angle * 180 / Math.PI / 2));
  const points = [start];
  for (let step = 1; step < steps && Math.sin(angle) > 1e-9; step += 1) {
    const near = Math.sin((1 - step / steps) * angle) / Math.sin(angle);
    const far = Math.sin(step / steps * angle) / Math.sin(angle);
    const p = u.map((value, axis) => near * value + far * v[axis]);
    points.push([
      Math.asin(Math.min(1, Math.max(-1, p[2]))) * 180 / Math.PI,
      Math.atan2(p[1], p[0]) * 180 / Math.PI,
    ]);
  }
  points.push(end);
  return points.map((point, index) => {
    const cut = index === 0 || Math.abs(point[1] - points[index - 1][1]) > 180;
    return (cut ? "M" : "L") + project(point).map((value) => value.toFixed(2)).join(" ");
  }).join("");
};
