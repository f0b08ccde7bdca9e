"use strict";
const byId = (id) => document.getElementById(id);
const RETRY_MS = 700;
let state = null;
let item = null;
let busy = false;
let editing = false;

const memory = (name) => `gre-review:${state.set}:${state.reviewer}:${name}`;

async function get(path) {
  const reply = await fetch(path, { cache: "no-store" });
  const told = await reply.json();
  if (!reply.ok) throw new Error(told.error);
  return told;
}

function say(text) { byId("said").textContent = text; }

function complain(text) {
  byId("trouble").textContent = text;
  byId("trouble").hidden = !text;
}

function fill(list, texts) {
  list.replaceChildren(...texts.map((text) => {
    const line = document.createElement("li");
    line.textContent = text;
    return line;
  }));
}

/* A decision waits in this browser until the server has it on its disk. */
async function send(path, body) {
  localStorage.setItem(memory("pending"), JSON.stringify({ path, body }));
  for (;;) {
    let reply = null;
    try {
      reply = await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Review-Token": state.token },
        body: JSON.stringify(body),
      });
    } catch {
      complain("Not saved yet: the server does not answer. Start the same command again; the decision is kept here and sent then.");
    }
    if (reply && reply.ok) {
      const told = await reply.json();
      localStorage.removeItem(memory("pending"));
      complain("");
      return told;
    }
    if (reply && reply.status === 400) {
      localStorage.removeItem(memory("pending"));
      const told = await reply.json();
      complain(told.error);
      return null;
    }
    if (reply && reply.status !== 403) complain(`Not saved yet: ${(await reply.json()).error}`);
    await new Promise((done) => setTimeout(done, RETRY_MS));
    if (!(await renew())) return null;
  }
}

/* After a restart the server has another token, and is another one where its file differs. */
async function renew() {
  let fresh = null;
  try { fresh = await get("/state"); } catch { return true; }
  if (fresh.set !== state.set || fresh.reviewer !== state.reviewer) {
    complain("Another review runs at this address now. Start the first one again, on this port, and reload the page.");
    return false;
  }
  state.token = fresh.token;
  return true;
}

function progress() {
  const done = state.done.filter(Boolean).length;
  byId("position").textContent = `${item.index + 1} of ${state.done.length}`;
  byId("progress").textContent = `${done} decided`;
  byId("bar").max = state.done.length;
  byId("bar").value = done;
}

function verdict() {
  const words = [item.question && `answered: ${item.question}`, item.decision].filter(Boolean);
  byId("verdict").textContent = words.join(", ");
  byId("verdict").className = `verdict ${item.decision || item.question}`;
  byId("verdict").hidden = !words.length;
}

function facts() {
  const rows = [["truth", item.truth], ["place", item.place], ["answer", item.answer], ["distance", item.distance]];
  byId("facts").replaceChildren(...rows.filter((row) => row[1]).flatMap(([name, value]) => {
    const term = document.createElement("dt");
    const words = document.createElement("dd");
    term.textContent = name;
    words.textContent = value;
    return [term, words];
  }));
}

function show() {
  close();
  byId("name").textContent = item.id;
  const photo = byId("photo");
  photo.hidden = false;
  byId("no-photo").hidden = true;
  photo.alt = `photo of ${item.id}`;
  photo.src = `/image/${item.index}`;
  byId("question").textContent = state.question;
  byId("question").hidden = !state.question;
  byId("chain").hidden = item.is_hidden;
  for (const button of document.querySelectorAll(".decides")) button.disabled = item.is_hidden;
  if (!item.is_hidden) {
    fill(byId("steps"), item.steps);
    facts();
    byId("map").src = `/map/${item.index}?${encodeURIComponent(item.id)}`;
    for (const node of document.querySelectorAll(".answered")) node.hidden = !item.distance;
    byId("map").alt = `map: truth ${item.truth}${item.distance ? `, answer ${item.distance} away` : ""}`;
  }
  for (const box of byId("reasons").querySelectorAll("input")) box.checked = item.reasons.includes(box.value);
  verdict();
  progress();
}

async function open(index) {
  item = await get(`/item/${index}`);
  localStorage.setItem(memory("at"), String(index));
  show();
  window.scrollTo(0, 0);
  const draft = localStorage.getItem(memory(`draft:${item.id}`));
  if (draft !== null && !item.is_hidden) {
    edit(draft);
    say("an edit that was not saved is open again");
  }
}

function nextOpen(from) {
  const count = state.done.length;
  for (let ahead = 1; ahead <= count; ahead += 1) {
    const index = (from + ahead) % count;
    if (!state.done[index]) return index;
  }
  return -1;
}

async function goOn(from) {
  const index = nextOpen(from);
  if (index >= 0) await open(index);
  else {
    await open(from);
    say("everything is decided");
  }
}

function chosenReasons() {
  return [...byId("reasons").querySelectorAll("input:checked")].map((box) => box.value);
}

async function decide(kind, value, steps) {
  const at = item.index;
  const reasons = value === "edit" || value === "drop" ? chosenReasons() : [];
  const told = await send("/decide", { key: crypto.randomUUID(), index: at, kind, value, steps, reasons });
  if (!told) return;
  state.done[at] = told.done;
  localStorage.removeItem(memory(`draft:${item.id}`));
  say(`${item.id}: ${value}, saved`);
  if (value === "yes") await open(at);
  else await goOn(at);
}

async function undo() {
  const told = await send("/undo", { key: crypto.randomUUID() });
  if (!told) return;
  if (told.index < 0) {
    say("there is nothing to take back");
    return;
  }
  state.done[told.index] = told.done;
  await open(told.index);
  say(`${item.id}: taken back`);
}

function edit(text) {
  editing = true;
  byId("steps").hidden = true;
  byId("editor").hidden = false;
  byId("text").value = text;
  byId("text").focus();
}

function close() {
  editing = false;
  byId("steps").hidden = false;
  byId("editor").hidden = true;
  byId("text").blur();
}

function leave() {
  localStorage.removeItem(memory(`draft:${item.id}`));
  close();
  say("not changed");
}

async function save() {
  if (busy) return;
  busy = true;
  const steps = byId("text").value.split("\n").map((line) => line.trim()).filter(Boolean);
  try { await decide("steps", "edit", steps); } catch (error) { complain(`${error.message}; reload the page once the server runs`); }
  busy = false;
}

function help() {
  const panel = byId("help");
  panel.hidden = !panel.hidden;
  document.querySelector('[data-key="?"]').setAttribute("aria-expanded", String(!panel.hidden));
  if (!panel.hidden) panel.scrollIntoView({ block: "nearest" });
}

const ACTS = {
  k: () => decide("steps", "keep"),
  d: () => decide("steps", "drop"),
  e: () => edit(item.steps.join("\n")),
  y: () => decide("question", "yes"),
  n: () => decide("question", "no"),
  u: undo,
  f: () => goOn(item.index),
  ArrowLeft: () => open(Math.max(0, item.index - 1)),
  ArrowRight: () => open(Math.min(state.done.length - 1, item.index + 1)),
  "?": help,
};

async function act(key) {
  if (busy || !item || !Object.hasOwn(ACTS, key)) return;
  if (item.is_hidden && "ked".includes(key)) { say("the question comes first: Y or N"); return; }
  if (!state.question && "yn".includes(key)) return;
  busy = true;
  try { await ACTS[key](); } catch (error) { complain(`${error.message}; reload the page once the server runs`); }
  busy = false;
}

document.addEventListener("keydown", (event) => {
  if (editing && event.target === byId("text")) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); save(); }
    if (event.key === "Escape") { event.preventDefault(); leave(); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key >= "1" && event.key <= "3" && item && !item.is_hidden) {
    const box = byId("reasons").querySelectorAll("input")[Number(event.key) - 1];
    if (box) box.checked = !box.checked;
    return;
  }
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (Object.hasOwn(ACTS, key)) { event.preventDefault(); act(key); }
});

byId("text").addEventListener("input", () => localStorage.setItem(memory(`draft:${item.id}`), byId("text").value));
byId("save").addEventListener("click", save);
byId("leave").addEventListener("click", leave);
byId("photo").addEventListener("error", async () => {
  byId("photo").hidden = true;
  byId("no-photo").hidden = false;
  byId("no-photo").textContent = "The photo cannot be shown.";
  try { await get(`/image/${item.index}`); } catch (error) { byId("no-photo").textContent = error.message; }
});
for (const button of document.querySelectorAll("button[data-key]")) {
  button.addEventListener("click", () => { button.blur(); act(button.dataset.key); });
}

async function start() {
  state = await get("/state");
  byId("file").textContent = state.file;
  byId("reviewer").textContent = state.reviewer;
  document.title = `Review of ${state.file}`;
  for (const node of document.querySelectorAll(".asked")) node.hidden = !state.question;
  state.reasons.forEach((reason, index) => {
    const label = document.createElement("label");
    const box = document.createElement("input");
    const key = document.createElement("kbd");
    box.type = "checkbox";
    box.value = reason;
    key.textContent = String(index + 1);
    label.append(box, key, reason);
    byId("reasons").append(label);
  });
  const pending = localStorage.getItem(memory("pending"));
  if (pending) {
    const { path, body } = JSON.parse(pending);
    await send(path, body);
    Object.assign(state, await get("/state"));
    say("a decision that waited was sent");
  }
  const at = Number(localStorage.getItem(memory("at")) || 0);
  const index = at < state.done.length ? at : 0;
  await open(state.done[index] ? Math.max(0, nextOpen(index)) : index);
}

start().catch((error) => complain(`${error.message}; start the server and reload the page`));
