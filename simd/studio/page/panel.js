// What the page says: of all classes and foregrounds, of the place under the cursor, of the state on disk.

import { $, all, part } from "./dom.js";
import { NO_CLASS } from "./paint.js";

export const KEYS = [..."1234567890qwertyuiop"]; // a key for each class, as the taxonomy orders them
const MARKS = { untagged: "·", proposed: "?", started: "…", reviewed: "✓", broken: "!" };

/** Make a button for each class. */
export function fillPalette(overview, choose) {
  const buttons = overview.classes.map(({ name, colour, definition }, index) => {
    const button = document.createElement("button"), swatch = part("i", ""), bar = part("b", "");
    swatch.style.background = bar.style.background = colour;
    button.setAttribute("role", "radio");
    button.title = `${name} (${KEYS[index]}): ${definition}`;
    button.append(part("kbd", KEYS[index]), swatch, part("span", name), part("small", ""), bar);
    button.addEventListener("click", () => choose(index));
    return button;
  });
  $("palette").replaceChildren(...buttons);
}

/** Show each class's share of the open foreground, and how many foregrounds have it. */
export function showShares(overview, doc) {
  const done = overview.foregrounds.filter((row) => row.review !== "proposed");
  all("#palette button").forEach((button, index) => {
    const { name } = overview.classes[index], share = (doc.counts[name] ?? 0) / unknownPixels(doc);
    const of = done.filter((row) => row.classes.includes(name)).length;
    button.querySelector("small").textContent = `${share ? percent(share) : ""}${of ? ` · ${of}` : ""}`;
    button.querySelector("b").style.width = `${100 * share}%`;
    button.setAttribute("aria-label", `${name}, key ${KEYS[index]}, ${percent(share)}, ${of} foregrounds`);
  });
}

/** Say what is under the cursor, and how far the foreground is. */
export function showPlace(overview, doc, [y, x]) {
  const { mask, unknown, width, height } = doc.planes;
  const [row, column] = [Math.round(y), Math.round(x)];
  const inside = row >= 0 && column >= 0 && row < height && column < width;
  const at = row * width + column;
  const what = !inside ? "" : !unknown[at] ? "known" : mask[at] === NO_CLASS ? "no class yet" : overview.classes[mask[at]].name;
  const open = doc.counts[""] ?? 0;
  $("under").textContent = [
    open ? `${percent(open / unknownPixels(doc))} open` : "every unknown pixel has a class",
    `${doc.strokes} ${doc.strokes === 1 ? "stroke" : "strokes"}${doc.seconds ? `, ${Math.round(doc.seconds)} s` : ""}`,
    `${height} × ${width}`,
    inside ? `row ${row}, column ${column}: ${what}` : "",
  ].filter(Boolean).join("  ·  ");
}

/** Show all foregrounds in the order to tag them in, and how many are done. */
export function showList(overview, doc, open) {
  const { foregrounds, order } = overview;
  const reviewed = foregrounds.filter((row) => row.review === "reviewed").length;
  $("progress").max = foregrounds.length;
  $("progress").value = reviewed;
  $("reviewed").textContent = `${reviewed} of ${foregrounds.length} reviewed`;
  const rows = order.map((number) => {
    const row = foregrounds[number], item = document.createElement("li"), button = document.createElement("button");
    button.dataset.review = row.review;
    button.title = `${row.id}: ${row.review}${row.classes.length ? `, ${row.classes.join(", ")}` : ""}`;
    button.setAttribute("aria-current", String(doc?.number === number));
    button.append(part("small", MARKS[row.review], "mark"), part("span", row.id));
    for (const name of row.classes) {
      const chip = part("i", "");
      chip.style.background = overview.classes.find((each) => each.name === name).colour;
      button.append(chip);
    }
    button.addEventListener("click", () => open(number));
    item.append(button);
    return item;
  });
  $("list").replaceChildren(...rows);
  // not scrollIntoView, which in a narrow window scrolls the page away from the canvas
  const list = $("list"), current = list.querySelector("[aria-current=true]");
  if (current) {
    const above = current.getBoundingClientRect().top - list.getBoundingClientRect().top;
    const below = above + current.offsetHeight - list.clientHeight;
    if (above < 0) list.scrollTop += above;
    else if (below > 0) list.scrollTop += below;
  }
}

export function fillBackdrops(overview) {
  const options = [["checker", "checker"], ["white", "white"], ["grey", "grey"], ["black", "black"], ["colour", "a colour"]];
  overview.backdrops.forEach((name, index) => options.push([`photograph:${index}`, name.split("/").at(-1)]));
  $("backdrop").replaceChildren(...options.map(([value, text]) => new Option(text, value)));
}

function unknownPixels(doc) {
  return Object.values(doc.counts).reduce((sum, pixels) => sum + pixels, 0) || 1;
}

function percent(share) {
  const value = 100 * share;
  return value > 0 && value < 1 ? "<1 %" : `${Math.round(value)} %`;
}
