// What the cut-out page says: of all pictures, of the one that is open, of what is chosen for it.

import { $, all, part, press } from "./dom.js";
import { VIEWS } from "./cutout_view.js";

const MARKS = { new: "", work: "…", done: "✓", broken: "!" };
const WORDS = { new: "new", work: "in work", done: "done", broken: "cannot be opened" };

/** Show all pictures with their states. */
export function showList(overview, current, open) {
  const { pictures } = overview, list = $("list");
  const done = pictures.filter((row) => row.state === "done").length;
  $("count").textContent = pictures.length ? `${done} of ${pictures.length} done` : "";
  $("empty").hidden = pictures.length > 0;
  pictures.forEach((row, at) => {
    let button = list.children[at]?.firstChild;
    if (!button) {
      const item = document.createElement("li"), picture = document.createElement("img");
      button = document.createElement("button");
      picture.loading = "lazy";
      picture.alt = "";
      picture.src = `api/pictures/${row.number}/thumbnail.png`;
      button.append(picture, part("span", row.name), part("b", ""));
      button.addEventListener("click", () => open(row.number));
      item.append(button);
      list.append(item);
    }
    button.dataset.state = row.state;
    button.title = `${row.name}: ${WORDS[row.state]}`;
    button.setAttribute("aria-label", button.title);
    button.setAttribute("aria-current", String(current === row.number));
    button.querySelector("b").textContent = MARKS[row.state];
  });
  const button = list.querySelector("[aria-current=true]");
  if (!button) return;
  const above = button.getBoundingClientRect().top - list.getBoundingClientRect().top;
  if (above < 0) list.scrollTop += above;
  else if (above + button.offsetHeight > list.clientHeight) list.scrollTop += above + button.offsetHeight - list.clientHeight;
}

export function fillViews(overview, choose) {
  const buttons = Object.entries(VIEWS).map(([view, { name }]) => {
    const button = part("button", name);
    button.dataset.view = view;
    button.addEventListener("click", () => choose(view));
    return button;
  });
  $("views").replaceChildren(...buttons);
  const options = overview.backdrops.map((id, index) => new Option(id.split("/").at(-1), String(index)));
  $("photograph").replaceChildren(...options, new Option("a picture of your own …", "own"));
  $("class").replaceChildren(new Option("no class yet", ""), ...overview.classes.map((name) => new Option(name, name)));
}

/** Say which view is shown, and offer what belongs to it. */
export function showView(view, hasTruth) {
  all("[data-view]").forEach((button) => {
    press(button, button.dataset.view === view);
    if (button.dataset.view === "error") button.hidden = !hasTruth;
  });
  $("ink").hidden = view !== "colour";
  $("photograph").hidden = view !== "photograph";
}

/** Show what is chosen for the open picture, unless it is being chosen. */
export function showChoices(doc) {
  const { cleanup } = doc;
  set("black", Math.round(100 * cleanup.black));
  set("white", Math.round(100 * cleanup.white));
  set("shift", cleanup.shift);
  showCleanup(cleanup);
  set("class", doc.class.split("|")[0]);
  $("hidden").checked = doc.hidden === "zero";
  $("bits").checked = doc.bits === 16;
}

export function showCleanup({ black, white, shift }) {
  $("black-out").textContent = `${Math.round(100 * black)} %`;
  $("white-out").textContent = `${Math.round(100 * white)} %`;
  $("shift-out").textContent = `${shift > 0 ? "+" : ""}${shift} px`;
}

function set(id, value) {
  if (document.activeElement !== $(id) || $(id).type !== "range") $(id).value = value;
}

/** Say what is under the cursor, and how far the picture is. */
export function showPlace(doc, [y, x]) {
  const { alpha, trimap, width, height } = doc.planes, [row, column] = [Math.round(y), Math.round(x)];
  const inside = row >= 0 && column >= 0 && row < height && column < width, at = row * width + column;
  const kinds = { 0: "background", 128: "unknown", 255: "subject" };
  $("under").textContent = [
    doc.first === "rim" ? "first guess" : doc.first ? `first answer: ${doc.first}` : "",
    `${doc.strokes} ${doc.strokes === 1 ? "stroke" : "strokes"}${doc.seconds ? `, ${Math.round(doc.seconds)} s` : ""}`,
    `${height} × ${width}`,
    inside ? `row ${row}, column ${column}: ${kinds[trimap[at]]}, alpha ${alpha[at]}` : "",
  ].filter(Boolean).join("  ·  ");
}
