// The page: which foreground is open, what its buttons and keys do, and what it says of the state on disk.

import { Pointer } from "./pointer.js";
import { Api, Refused } from "./api.js";
import { Display, MODES } from "./display.js";
import { NO_CLASS, count, makePalette, paintSegment } from "./paint.js";
import { $, all, press, say, showSaved } from "./dom.js";
import { KEYS, fillBackdrops, fillPalette, showList, showPlace, showShares } from "./panel.js";
import { View } from "./view.js";

const READ_AGAIN = "Read it again from disk";
const ASK_ABOVE = 0.05; // share of the unknown region without a class, above which "Done" asks
const IDLE = 5000; // milliseconds: a longer pause is not work

const view = new View($("canvas"));
const api = new Api(showSaved);
const display = new Display(view, api);
const painter = {
  begin: () => doc.planes.mask.slice(),
  segment: (a, b, { radius, value }) => view.relabel(paintSegment(doc.planes, a, b, radius, value)),
  cancel: (before) => {
    doc.planes.mask.set(before);
    view.relabel();
  },
};
const pointer = new Pointer(view, { tool, painter, finished: draw, moved: showHere });
let overview, palette, doc = null; // doc: the open foreground, its planes and its state on the server
let chosen = 0, toolKind = "brush", erasing = false;
let worked = 0, lastTouch = 0;

// --- what is drawn with -----------------------------------------------------------------------------

function tool() {
  if (!doc || doc.problem || overview.readOnly) return null;
  return {
    kind: toolKind === "lasso" ? "polygon" : "brush",
    value: erasing ? NO_CLASS : chosen,
    className: erasing ? null : overview.classes[chosen].name,
    colour: erasing ? "#ffffff" : overview.classes[chosen].colour,
    radius: brushRadius(),
  };
}

/** Return the brush's radius in pixels of the image: half a pixel to a fifth of the longer side. */
function brushRadius() {
  const side = doc ? Math.max(doc.planes.width, doc.planes.height) : 1000;
  const radius = 0.5 * (0.4 * side) ** (Number($("radius").value) / 100);
  return Math.round(radius * 4) / 4;
}

function choose(index) {
  chosen = index;
  setErasing(false);
  all("#palette button").forEach((button, at) => button.setAttribute("aria-checked", String(at === index)));
  const { name, definition } = overview.classes[index];
  $("definition").textContent = `${name}: ${definition}`;
}

function setTool(kind) {
  toolKind = kind;
  all("[data-tool]").forEach((button) => press(button, button.dataset.tool === kind));
  refreshCursor();
}

function setErasing(on) {
  erasing = on;
  press($("erase"), on);
  refreshCursor();
}

function resizeBrush(by) {
  $("radius").value = Number($("radius").value) + by;
  refreshCursor();
}

function refreshCursor() {
  $("size").textContent = `${Math.max(1, Math.round(2 * brushRadius()))} px`;
  if (view.cursor) pointer.show();
}

// --- steps, each on disk before it is said to be saved ------------------------------------------------

function draw({ tool: { className }, kind, points, radius }) {
  const stroke = { kind, class: className, points, radius };
  take("stroke", { stroke }, { painted: kind === "brush" });
}

/** Send a step; the server's answer is the truth, also about what the page has painted already. */
async function take(name, values = {}, { painted = false } = {}) {
  const target = doc;
  if (!target || overview.readOnly || (target.problem && name !== "anew")) return;
  const seconds = Math.round(worked / 100) / 10;
  worked = 0;
  const describe = () => ({
    path: `api/foregrounds/${target.number}/${name}`,
    body: JSON.stringify({ revision: target.revision, seconds, ...values }),
    kind: "application/json",
  });
  await settle(target, () => api.step(describe), painted);
}

async function upload(file) {
  const target = doc;
  if (!target || overview.readOnly || target.problem) return;
  const describe = () => ({
    path: `api/foregrounds/${target.number}/mask?revision=${encodeURIComponent(target.revision)}`,
    body: file,
    kind: "image/png",
  });
  await settle(target, () => api.step(describe), false);
}

async function settle(target, send, painted) {
  try {
    const state = await send();
    adopt(target, state);
    if (!(painted && agrees(target)) && api.waiting <= 1) await reread(target);
    say("");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(error.message);
    if (doc === target) await open(target.number);
  }
}

/** Tell whether the page has painted what the server has written; strokes still to be sent count later. */
function agrees(target) {
  if (api.waiting > 1) return true;
  const counts = count(target.planes);
  return overview.classes.every(({ name }, index) => (target.counts[name] ?? 0) === counts[index]);
}

async function reread(target) {
  const mask = await api.bytes(`api/foregrounds/${target.number}/mask`);
  if (pointer.drawing || target !== doc) return;
  target.planes.mask.set(mask);
  view.relabel();
  showState();
}

function adopt(target, state) {
  Object.assign(target, state);
  list(state);
  if (target === doc) showState();
  showList(overview, doc, open);
}

/** Keep what the list shows of a foreground. */
function list({ number, review, classes }) {
  Object.assign(overview.foregrounds[number], { review, classes });
}

async function done() {
  if (!doc || overview.readOnly) return;
  const target = doc;
  await api.idle(); // a fill may be on its way
  if (doc !== target) return;
  if (openShare(target) > ASK_ABOVE) {
    const answer = await askAboutOpen(target);
    if (answer === "fill") await take("fill");
    if (answer !== "done" || doc !== target) return;
  }
  await take("review", { done: true });
  if (target.review !== "reviewed") return;
  const next = following(1, (row) => row.review !== "reviewed" && row.review !== "broken");
  if (next !== null) await open(next);
  else say("All foregrounds are reviewed.");
}

/** Return the share of the unknown region that has no class; 0 where nothing is tagged, which is refused. */
function openShare({ counts, problem }) {
  const all = Object.values(counts).reduce((sum, pixels) => sum + pixels, 0);
  return problem || !all || counts[""] === all ? 0 : counts[""] / all;
}

/** Ask what to do with pixels that have no class: "fill", "done" as it is, or "" to go on. */
function askAboutOpen(target) {
  const dialog = $("unfilled"), share = openShare(target);
  const percent = share > 0.99 ? ">99" : Math.round(100 * share);
  $("unfilled-text").textContent =
    `${percent} % of the unknown region has no class, and would count for none.` +
    (target.strokes ? " Fill gives it the classes of your strokes." : "");
  $("unfilled-fill").hidden = !target.strokes;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => answer(dialog.returnValue), { once: true });
  });
}

// --- which foreground ---------------------------------------------------------------------------------

async function open(number) {
  pointer.cancel();
  await api.idle();
  const other = doc?.number !== number;
  const base = `api/foregrounds/${number}`;
  try {
    const state = await api.json(base);
    const [cutout, alpha, trimap] = await Promise.all(MODES.map((mode) => api.picture(`${base}/${mode}.png`)));
    const [unknown, mask] = await Promise.all(["unknown", "mask"].map((plane) => api.bytes(`${base}/${plane}`)));
    const [height, width] = state.size;
    doc = { ...state, planes: { mask, unknown, width, height } };
    list(state);
    view.open({ cutout, alpha, trimap }, doc.planes, palette);
    pointer.at = [height / 2, width / 2];
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    doc = null;
    view.close();
    $("problem").hidden = false;
    $("problem").textContent = error.message;
    offer(READ_AGAIN, () => open(number));
    overview.foregrounds[number].review = "broken";
    showList(overview, doc, open);
    return;
  }
  history.replaceState(null, "", `#${number}`);
  showState();
  showList(overview, doc, open);
  if (other) choose(Math.max(0, overview.classes.findIndex(({ name }) => name === doc.class)));
  refreshCursor();
  await fetchProposal(doc);
}

async function fetchProposal(target) {
  if (overview.readOnly || target.problem) return;
  let proposed;
  $("accept").title = "the proposal is being made";
  try {
    proposed = await api.bytes(`api/foregrounds/${target.number}/proposal`);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(`No proposal: ${error.message}`);
    return;
  }
  if (doc !== target) return;
  $("accept").title = proposed.length ? "take the striped proposal (a)" : "there is no proposal";
  if (!proposed.length) return;
  target.proposed = proposed;
  view.propose(proposed);
  showState();
}

/** Return the number of the next foreground in the order of work that fits, or null. */
function following(direction, fits = () => true) {
  const { order, foregrounds } = overview;
  const here = doc ? order.indexOf(doc.number) : -1;
  for (let step = 1; step < order.length; step++) {
    const number = order[(here + direction * step + 2 * order.length) % order.length];
    if (fits(foregrounds[number])) return number;
  }
  return null;
}

function turn(direction) {
  const next = following(direction);
  if (next !== null) open(next);
}

// --- what the page says ---------------------------------------------------------------------------------

function showState() {
  const { counts, number } = doc;
  $("title").textContent = doc.id;
  $("title").title = doc.id;
  document.title = `${doc.id} – simd tag`;
  document.body.dataset.revision = doc.revision;
  $("position").textContent = `${overview.order.indexOf(number) + 1} of ${overview.order.length}`;
  $("undo").disabled = !doc.undo;
  $("redo").disabled = !doc.redo;
  const left = doc.proposed && counts[""] > 0;
  $("accept").disabled = $("propose").disabled = !left;
  $("problem").hidden = !doc.problem;
  if (doc.problem) showProblem();
  showShares(overview, doc);
  showHere();
}

function showHere() {
  if (doc) showPlace(overview, doc, pointer.at);
}

function showProblem() {
  const target = doc;
  $("problem").textContent = target.problem;
  offer(READ_AGAIN, () => reload(target));
  if (overview.readOnly) return;
  offer("Put an empty annotation in its place", async () => {
    await take("anew");
    await open(target.number);
  });
}

function offer(text, action) {
  const button = document.createElement("button");
  button.textContent = text;
  button.addEventListener("click", action);
  $("problem").append(button);
}

/** Look whether somebody has mended what lies on disk, or written it anew. */
async function reload({ number }) {
  const describe = () => ({
    path: `api/foregrounds/${number}/reload`, body: "{}", kind: "application/json",
  });
  try {
    const { problem } = await api.step(describe);
    say(problem ? "It was read again and is as it was." : "It was read again.");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(error.message);
  }
  if (doc?.number === number) await open(number);
  if (overview.readOnly) showSaved("shown");
}

// --- keys ---------------------------------------------------------------------------------------------------

const ACTIONS = {
  b: () => setTool("brush"), l: () => setTool("lasso"), x: () => setErasing(!erasing),
  "[": () => resizeBrush(-5), "]": () => resizeBrush(5),
  f: () => take("fill"), g: () => whole(overview.classes[chosen].name), X: () => whole(null),
  a: () => doc.proposed && take("accept"), s: () => display.toggleProposal(),
  z: () => take("undo"), Z: () => take("redo"),
  d: done, j: () => turn(1), k: () => turn(-1), PageDown: () => turn(1), PageUp: () => turn(-1),
  m: () => display.nextMode(), n: () => display.nextBackdrop(), h: () => display.toggleClasses(),
  "+": () => view.zoom(1.25), "=": () => view.zoom(1.25), "-": () => view.zoom(0.8), c: () => view.fit(),
  " ": () => pointer.begin(), ".": () => (pointer.drawing ? pointer.end() : pointer.begin()),
  Escape: () => pointer.cancel(), "?": () => $("keys").showModal(),
};
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const MAY_REPEAT = new Set(["[", "]", "+", "=", "-"]);
const SHOWN_ONLY = new Set(["j", "k", "PageDown", "PageUp", "m", "n", "h", "+", "=", "-", "c", "?"]);

function whole(className) {
  take("stroke", { stroke: { kind: "whole", class: className, points: [], radius: 0 } });
}

function keyDown(event) {
  touch();
  if ($("keys").open || $("unfilled").open || event.metaKey || !doc) return;
  const target = event.target, onButton = target.closest?.("button");
  if (target.matches?.("select, input:not([type=range])")) return;
  const arrow = ARROWS[event.key];
  if (arrow && !target.matches?.("input")) {
    const far = event.ctrlKey ? 1 : Math.max(1, brushRadius()) * (event.shiftKey ? 6 : 1);
    pointer.step(arrow[0] * far, arrow[1] * far);
  } else if (event.ctrlKey || event.altKey) {
    const name = event.ctrlKey && { z: event.shiftKey ? "redo" : "undo", Z: "redo", y: "redo" }[event.key];
    if (!name || event.altKey) return;
    take(name);
  } else if (onButton && (event.key === " " || event.key === "Enter")) {
    return; // the button is meant
  } else if (KEYS.includes(event.key) && !overview.readOnly) {
    choose(KEYS.indexOf(event.key));
  } else if (ACTIONS[event.key] && (!overview.readOnly || SHOWN_ONLY.has(event.key))) {
    if (!event.repeat || MAY_REPEAT.has(event.key)) ACTIONS[event.key]();
  } else {
    return;
  }
  event.preventDefault();
}

/** Count the time that somebody works: pauses are left out. */
function touch() {
  const now = performance.now();
  worked += Math.min(now - lastTouch, IDLE) * (lastTouch > 0);
  lastTouch = now;
}

// --- the beginning --------------------------------------------------------------------------------------------

function listen() {
  display.listen();
  const clicks = {
    previous: ACTIONS.k, next: ACTIONS.j, done, fill: ACTIONS.f, whole: ACTIONS.g, accept: ACTIONS.a,
    undo: ACTIONS.z, redo: ACTIONS.Z, erase: ACTIONS.x,
    in: ACTIONS["+"], out: ACTIONS["-"], fit: ACTIONS.c, help: ACTIONS["?"],
  };
  for (const [id, action] of Object.entries(clicks)) $(id).addEventListener("click", action);
  all("[data-tool]").forEach((button) => button.addEventListener("click", () => setTool(button.dataset.tool)));
  $("radius").addEventListener("input", refreshCursor);
  $("file").addEventListener("change", () => {
    const [file] = $("file").files;
    if (file) upload(file);
    $("file").value = "";
  });
  addEventListener("keydown", keyDown);
  addEventListener("keyup", (event) => event.key === " " && pointer.end());
  addEventListener("blur", () => pointer.end());
  addEventListener("pointermove", touch);
  addEventListener("pointerdown", touch);
  addEventListener("beforeunload", (event) => {
    if (api.waiting) event.preventDefault();
  });
}

async function begin() {
  overview = await api.json("api/overview");
  palette = makePalette(overview.classes);
  $("place").textContent = overview.place;
  $("order").textContent = overview.foregrounds.some((row) => row.review === "proposed") ? "rarest class, least certain first" : "";
  document.body.classList.toggle("shown", overview.readOnly);
  if (overview.readOnly) showSaved("shown");
  $("radius").value = 55;
  fillPalette(overview, choose);
  fillBackdrops(overview);
  listen();
  choose(0);
  const asked = Number(location.hash.slice(1)), { order, foregrounds } = overview;
  const first = order.find((number) => !["reviewed", "broken"].includes(foregrounds[number].review)) ?? order[0];
  await open(location.hash.length > 1 && foregrounds[asked] ? asked : first);
  $("canvas").focus({ preventScroll: true });
}

begin().catch((error) => say(error.message));
