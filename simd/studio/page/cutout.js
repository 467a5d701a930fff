// The page for cutting out: which picture is open, what its buttons and keys do, what comes in and goes out.

import { Api, Refused } from "./api.js";
import { fillViews, showChoices, showCleanup, showList, showPlace, showView } from "./cutout_panel.js";
import { CutoutView, VIEWS } from "./cutout_view.js";
import { $, all, press, say, showSaved } from "./dom.js";
import { listenToKeys } from "./keys.js";
import { Pointer } from "./pointer.js";

const LARGEST = 400; // pixels across a brush
const IDLE = 5000; // milliseconds: a longer pause is not work
const REST = 500; // milliseconds after a step until the subject's colours are asked for
const NOTHING = "Nothing in the box differs from what is around it. Draw it around the whole subject, or select the subject with a stroke.";
const INK = { select: "#2563eb", erase: "#dc2626", fine: "#eab308", subject: "#2563eb" };

const view = new CutoutView($("canvas"));
const api = new Api(showSaved);
const pointer = new Pointer(view, {
  tool, painter: view, finished: draw, moved: showHere, resized: resizeBrush, straight: true,
});
let overview, doc = null; // doc: the open picture, its planes and its state on the server; null where it is broken
let current = -1; // the number of the picture that is asked for, whether it can be opened or not
let chosen = "select", withLasso = false;
let worked = 0, lastTouch = 0, resting = null, opening = 0;

// --- what is drawn with -----------------------------------------------------------------------------

function tool() {
  if (!doc) return null;
  const kind = chosen === "subject" ? "box" : withLasso ? "polygon" : "brush";
  return { kind, tool: chosen, radius: brushSize() / 2, colour: INK[chosen] };
}

/** Return how many pixels of the picture the brush is across: 1 to 400. */
function brushSize() {
  const size = LARGEST ** (Number($("radius").value) / 100);
  return size < 10 ? Math.round(2 * size) / 2 : Math.round(size);
}

function resizeBrush(by) {
  const before = brushSize(), slider = $("radius");
  for (let go = 0; go < 20 && brushSize() === before; go++) slider.value = Number(slider.value) + by * (go ? 0.5 : 2.5);
  refreshCursor();
}

function refreshCursor() {
  const size = brushSize();
  $("size").textContent = `${size} px`;
  if (view.cursor) pointer.show();
}

function setTool(name) {
  chosen = name;
  all("[data-tool]").forEach((button) => press(button, button.dataset.tool === name));
  refreshCursor();
}

function setLasso(on) {
  withLasso = on;
  press($("lasso"), on);
  refreshCursor();
}

// --- steps, each on disk before it is said to be saved ------------------------------------------------

function draw({ tool: drawnWith, kind, points, radius }) {
  const drawn = view.strokes.at(-1);
  const shown = kind === "brush" ? drawn : null;
  if (kind !== "brush" && drawn && !drawn.segments.length) view.forget(drawn);
  // the smallest brush is a pixel: its centre is meant
  const at = radius <= 0.75 ? points.map((point) => point.map(Math.round)) : points;
  take("stroke", { stroke: { tool: drawnWith.tool, kind, points: at, radius } }, shown);
  if (drawnWith.tool === "subject") setTool("select");
}

/** Send a step, and show what it has changed. */
async function take(name, values = {}, drawn = null) {
  const target = doc;
  if (!target) return;
  const seconds = Math.round(worked / 100) / 10, begun = performance.now();
  worked = 0;
  const describe = () => ({
    path: `api/pictures/${target.number}/${name}`,
    body: JSON.stringify({ revision: target.revision, seconds, ...values }),
    kind: "application/json",
  });
  const isPlane = name !== "choose", isLong = name === "find" || values.stroke?.tool === "subject" || target.first === "rim";
  $("busy").hidden = !(isPlane && isLong && name !== "undo");
  if (!$("busy").hidden) $("start").hidden = true;
  try {
    if (isPlane) {
      const { state, alpha, trimap } = await api.step(describe, framed);
      adopt(target, state);
      if (target === doc) view.update(state.box, alpha, trimap);
      rest();
    } else {
      adopt(target, await api.step(describe));
    }
    say(target.unsaved || (isEmpty(target, values) ? NOTHING : ""));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(error.message);
    if (error.status === 409 && doc === target) await open(target.number);
  } finally {
    $("busy").hidden = true;
    $("start").hidden = doc?.first !== "rim";
    if (drawn) view.forget(drawn);
    // for whoever measures: until the frame after the one that shows it
    requestAnimationFrame(() => requestAnimationFrame(() => {
      document.body.dataset.took = String(Math.round(performance.now() - begun));
    }));
  }
}

/** Tell whether a box has come out without a subject. */
function isEmpty({ planes }, { stroke }) {
  return stroke?.tool === "subject" && !planes.trimap.some((level) => level);
}

/** Take an answer apart: the length of its JSON in 4 bytes, the JSON, alpha, trimap. */
async function framed(answer) {
  const buffer = await answer.arrayBuffer(), length = new DataView(buffer).getUint32(0, true);
  const state = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const [top, bottom, left, right] = state.box, pixels = (bottom - top) * (right - left);
  return {
    state,
    alpha: new Uint8Array(buffer, 4 + length, pixels), trimap: new Uint8Array(buffer, 4 + length + pixels, pixels),
  };
}

function adopt(target, state) {
  Object.assign(target, state);
  Object.assign(overview.pictures[state.number], { state: state.state });
  if (target === doc) showState();
  showList(overview, current, open);
}

/** When nothing is drawn for a moment: show the subject's own colours in place of the picture's. */
function rest() {
  clearTimeout(resting);
  resting = setTimeout(async () => {
    const target = doc;
    if (!target || api.waiting || pointer.drawing) return;
    const { revision } = target;
    try {
      const colours = await api.picture(`api/pictures/${target.number}/colours.png`);
      if (doc !== target || target.revision !== revision) return;
      view.recolour(colours);
      document.body.dataset.coloured = revision;
    } catch (error) {
      say(error.message);
    }
  }, REST);
}

function clean() {
  const cleanup = {
    black: Number($("black").value) / 100, white: Number($("white").value) / 100, shift: Number($("shift").value),
  };
  if (cleanup.black >= cleanup.white) cleanup.white = Math.min(1, cleanup.black + 0.01);
  showCleanup(cleanup);
  take("clean", { cleanup });
}

async function done() {
  if (!doc) return;
  const target = doc;
  await api.idle();
  await take("choose", { done: target.state !== "done" });
  if (target.state !== "done" || doc !== target) return;
  const next = following(1, (row) => row.state === "new" || row.state === "work");
  if (next !== null) open(next);
  else say("All pictures are done.");
}

// --- which picture ------------------------------------------------------------------------------------

async function open(number) {
  pointer.cancel();
  const turn = ++opening;
  current = number;
  history.replaceState(null, "", `#${number}`);
  await api.idle();
  $("busy").hidden = overview.pictures[number].state !== "new";
  $("start").hidden = true;
  const base = `api/pictures/${number}`;
  try {
    const state = await api.json(base);
    const [picture, alpha, trimap] = await Promise.all([
      api.picture(`${base}/image.png`), api.bytes(`${base}/alpha`), api.bytes(`${base}/trimap`),
    ]);
    const truth = state.truth ? await api.bytes(`${base}/truth`).catch(() => null) : null;
    if (turn !== opening) return;
    const [height, width] = state.size;
    doc = { ...state, planes: { alpha, trimap, truth, width, height } };
    overview.pictures[number].state = state.state;
    view.open(picture, doc.planes);
    pointer.at = [height / 2, width / 2];
    pointer.last = null;
    $("problem").hidden = true;
    if (view.view === "error" && !truth) setView("checker");
    showView(view.view, Boolean(truth));
    showState();
    rest();
  } catch (error) {
    const isAway = error instanceof TypeError; // what fetch throws where nobody answers
    if (!isAway && !(error instanceof Refused)) throw error;
    if (!isAway) overview.pictures[number].state = "broken";
    if (turn === opening) showBroken(isAway ? "The server does not answer. Open the picture again when it does." : error.message);
  } finally {
    if (turn === opening) $("busy").hidden = true;
  }
  showList(overview, current, open);
  refreshCursor();
}

function showBroken(reason) {
  doc = null;
  view.close();
  $("problem").hidden = false;
  $("problem").textContent = reason;
  showNothing();
}

function following(direction, fits = () => true) {
  const { pictures } = overview;
  for (let step = 1; step < pictures.length; step++) {
    const number = (current + direction * step + 2 * pictures.length) % pictures.length;
    if (fits(pictures[number])) return number;
  }
  return null;
}

function turn(direction) {
  const next = following(direction);
  if (next !== null) open(next);
}

/** Send pictures that were dropped, pasted or chosen, and open the first of them. */
async function receive(files) {
  const pictures = [...files].filter((file) => file.type.startsWith("image/") || !file.type);
  const problems = pictures.length < files.length ? ["Only pictures are taken."] : [];
  let first = null;
  for (const file of pictures) {
    if (file.size > overview.maxBytes) {
      problems.push(`${file.name}: has ${file.size} bytes, up to ${overview.maxBytes} are taken`);
      continue;
    }
    say(`sending ${file.name} …`);
    const query = `name=${encodeURIComponent(file.name)}&upload=${newId()}`; // one id, however often it is sent
    try {
      const describe = () => ({ path: `api/pictures?${query}`, body: file, kind: "application/octet-stream" });
      const row = await api.step(describe);
      if (overview.pictures[row.number]) Object.assign(overview.pictures[row.number], row);
      else if (row.number === overview.pictures.length) overview.pictures.push(row);
      else ({ pictures: overview.pictures } = await api.json("api/overview")); // another tab has sent some, too
      first ??= row.number;
      showList(overview, current, open);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      problems.push(error.message);
    }
  }
  say(problems.join("  ·  "));
  if (first !== null) await open(first);
}

function newId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// --- how it is seen -----------------------------------------------------------------------------------

function setView(name) {
  view.view = name;
  showView(name, Boolean(doc?.planes.truth));
  if (name === "photograph" && !VIEWS.photograph.over.picture) setPhotograph($("photograph").value);
  view.draw();
}

function nextView(direction) {
  const names = Object.keys(VIEWS).filter((name) => name !== "error" || doc?.planes.truth);
  setView(names[(names.indexOf(view.view) + direction + names.length) % names.length]);
}

async function setPhotograph(value) {
  if (value === "own") return $("own").click();
  if (value === "") return;
  VIEWS.photograph.over.picture = await api.picture(`api/backdrops/${value}`);
  view.draw();
}

async function setOwn() {
  const [file] = $("own").files;
  if (!file) return;
  try {
    VIEWS.photograph.over.picture = await createImageBitmap(file); // stays in the browser
    view.draw();
  } catch {
    say(`${file.name}: the browser cannot show it`);
  }
}

function setBefore(on) {
  view.before = on;
  view.draw();
}

function setLoupe(on) {
  view.loupe = on;
  press($("loupe"), on);
  view.draw();
}

// --- what the page says -------------------------------------------------------------------------------

function showState() {
  showName(doc);
  $("start").hidden = doc.first !== "rim";
  for (const id of ["find", "done"]) $(id).disabled = false;
  document.body.dataset.revision = doc.revision;
  $("undo").disabled = !doc.undo;
  $("redo").disabled = !doc.redo;
  press($("done"), doc.state === "done");
  $("tag").disabled = doc.state === "new";
  const query = `hidden=${doc.hidden}&bits=${doc.bits}`;
  $("download").href = `api/pictures/${doc.number}/cutout.png?${query}`;
  $("download").setAttribute("aria-disabled", "false");
  showChoices(doc);
  showHere();
}

/** Show that no picture is open: nothing of the one before stays. */
function showNothing() {
  if (current >= 0) showName(overview.pictures[current]);
  $("start").hidden = true;
  showCleanup({ black: 0, white: 1, shift: 0 });
  delete document.body.dataset.revision;
  for (const id of ["undo", "redo", "tag", "find", "done"]) $(id).disabled = true;
  press($("done"), false);
  $("download").removeAttribute("href");
  $("download").setAttribute("aria-disabled", "true");
  $("under").textContent = "";
}

function showName({ number, name }) {
  $("title").textContent = $("title").title = name;
  document.title = `${name} – simd cutout`;
  $("position").textContent = `${number + 1} of ${overview.pictures.length}`;
}

function showHere() {
  if (doc) showPlace(doc, pointer.at);
}

/** Count the time that somebody works: pauses are left out. */
function touch() {
  const now = performance.now();
  worked += Math.min(now - lastTouch, IDLE) * (lastTouch > 0);
  lastTouch = now;
}

// --- the beginning ------------------------------------------------------------------------------------

const ACTIONS = {
  b: () => setTool("subject"), s: () => setTool("select"), e: () => setTool("erase"), t: () => setTool("fine"),
  l: () => setLasso(!withLasso), "[": () => resizeBrush(-1), "]": () => resizeBrush(1),
  g: () => take("find"), z: () => take("undo"), Z: () => take("redo"),
  f: () => nextView(1), F: () => nextView(-1), m: () => setLoupe(!view.loupe),
  d: done, j: () => turn(1), k: () => turn(-1), PageDown: () => turn(1), PageUp: () => turn(-1),
  "+": () => view.zoom(1.25), "=": () => view.zoom(1.25), "-": () => view.zoom(0.8), c: () => view.fit(),
  " ": () => pointer.begin(), ".": () => (pointer.drawing ? pointer.end() : pointer.begin()),
  Escape: () => pointer.cancel(), "?": () => $("keys").showModal(),
};

function listen() {
  const clicks = {
    previous: ACTIONS.k, next: ACTIONS.j, done, find: ACTIONS.g, undo: ACTIONS.z, redo: ACTIONS.Z,
    lasso: ACTIONS.l, loupe: ACTIONS.m, in: ACTIONS["+"], out: ACTIONS["-"], fit: ACTIONS.c, help: ACTIONS["?"],
  };
  for (const [id, action] of Object.entries(clicks)) $(id).addEventListener("click", () => action());
  all("[data-tool]").forEach((button) => button.addEventListener("click", () => setTool(button.dataset.tool)));
  $("radius").addEventListener("input", refreshCursor);
  for (const id of ["black", "white", "shift"]) {
    $(id).addEventListener("change", clean);
    $(id).addEventListener("input", () => showCleanup({
      black: Number($("black").value) / 100, white: Number($("white").value) / 100, shift: Number($("shift").value),
    }));
  }
  $("class").addEventListener("change", () => take("choose", { class: $("class").value }));
  $("hidden").addEventListener("change", () => take("choose", { hidden: $("hidden").checked ? "zero" : "estimate" }));
  $("bits").addEventListener("change", () => take("choose", { bits: $("bits").checked ? 16 : 8 }));
  $("veil").addEventListener("input", () => {
    view.veil = Number($("veil").value) / 100;
    view.draw();
  });
  $("ink").addEventListener("input", () => {
    VIEWS.colour.over.colour = $("ink").value;
    view.draw();
  });
  $("photograph").addEventListener("change", () => setPhotograph($("photograph").value));
  $("own").addEventListener("change", setOwn);
  $("tag").addEventListener("click", handOn);
  for (const id of ["file", "first-file"]) {
    $(id).addEventListener("change", () => {
      receive([...$(id).files]);
      $(id).value = "";
    });
  }
  listenToFiles();
  listenToKeys(pointer, {
    actions: ACTIONS, repeated: new Set(["[", "]", "+", "=", "-"]), held: { o: [() => setBefore(true), () => setBefore(false)] },
    ready: () => !$("keys").open, radius: () => brushSize() / 2, undo: ACTIONS.z, redo: ACTIONS.Z,
  });
  addEventListener("keydown", touch);
  addEventListener("pointermove", touch);
  addEventListener("pointerdown", touch);
  addEventListener("beforeunload", (event) => {
    if (api.waiting) event.preventDefault();
  });
}

function listenToFiles() {
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("over");
  });
  addEventListener("dragleave", (event) => event.relatedTarget ?? document.body.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    if (event.dataTransfer.files.length) receive([...event.dataTransfer.files]);
  });
  addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) receive([...event.clipboardData.files]);
  });
}

/** Write what is open, and go on with it on the tagging page. */
async function handOn() {
  const target = doc;
  if (!target) return;
  await api.idle();
  try {
    const { url } = await api.step(() => ({
      path: `api/pictures/${target.number}/tag`, body: "{}", kind: "application/json",
    }));
    location.assign(url);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(error.message);
  }
}

async function begin() {
  overview = await api.json("api/overview");
  $("folder").textContent = overview.folder;
  $("radius").value = 55;
  fillViews(overview, setView);
  listen();
  setTool("select");
  showView(view.view, false);
  showList(overview, current, open);
  document.body.dataset.ready = "true";
  const { pictures } = overview, asked = Number(location.hash.slice(1));
  if (!pictures.length) return showNothing();
  const first = pictures.find((row) => row.state === "new" || row.state === "work") ?? pictures[0];
  await open(location.hash.length > 1 && pictures[asked] ? asked : first.number);
  $("canvas").focus({ preventScroll: true });
}

begin().catch((error) => say(error.message));
