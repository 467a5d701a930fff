// Draws the map on a canvas; shows the thumbnail of the mark under the pointer, or chosen by keys.
"use strict";
const CELLS = 100; // a side of the grid in which the mark under the pointer is looked for
const NEAR = 10; // px between pointer and mark
const LARGEST = { width: 184, height: 260 }; // px of a thumbnail
const CLOSEST = 200; // times the whole map
const SHAPE = 7; // reach of a glyph, in its own units

const map = document.querySelector(".map");
const canvas = map.querySelector("canvas");
const ring = map.querySelector(".ring");
const tip = map.querySelector(".tip");
const picture = tip.querySelector(".picture");
const boxes = [...document.querySelectorAll(".filters input")];
const points = typeof POINTS === "undefined" ? null : POINTS;
const count = points ? points.x.length : 0;
const shown = new Set();
const view = { scale: 1, x: 0, y: 0 }; // of the map's units, its corner in the frame at (x, y) px
let chosen = -1;
let held = false;
let drawing = 0;

// Marks class by class, as on the picture, and the marks of each cell of the grid.
const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => points.label[a] - points.label[b] || a - b);
const cells = Array.from({ length: CELLS * CELLS }, () => []);
for (let i = 0; i < count; i++) cells[cellOf(points.x[i]) + CELLS * cellOf(points.y[i])].push(i);

function cellOf(value) {
  return Math.min(CELLS - 1, Math.max(0, Math.floor((value / points.size) * CELLS)));
}

function unit() {
  return (canvas.clientWidth / points.size) * view.scale; // px of a unit of the map
}

function placeOf(i) {
  return [points.x[i] * unit() + view.x, points.y[i] * unit() + view.y];
}

function markScale() {
  return points.mark * Math.max(0.6, canvas.clientWidth / 1000) * Math.min(3, view.scale ** 0.4);
}

function draw() {
  drawing = 0;
  const ratio = window.devicePixelRatio || 1;
  const side = Math.round(canvas.clientWidth * ratio);
  if (canvas.width !== side) canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, side, side);
  const marks = new Map();
  const step = unit() * ratio;
  for (const i of order) {
    const label = points.label[i];
    if (!shown.has(label)) continue;
    const x = points.x[i] * step + view.x * ratio;
    const y = points.y[i] * step + view.y * ratio;
    if (x < -20 || y < -20 || x > side + 20 || y > side + 20) continue;
    if (!marks.has(label)) marks.set(label, markOf(label, markScale() * ratio));
    const mark = marks.get(label);
    context.drawImage(mark, x - mark.width / 2, y - mark.height / 2);
  }
  point();
}

function markOf(label, scale) {
  const mark = document.createElement("canvas");
  mark.width = mark.height = Math.max(3, Math.ceil(2 * SHAPE * scale));
  const context = mark.getContext("2d");
  const glyph = new Path2D(points.glyphs[label % points.glyphs.length]);
  context.setTransform(scale, 0, 0, scale, mark.width / 2, mark.height / 2);
  context.fillStyle = points.colours[label];
  context.fill(glyph);
  context.lineWidth = 0.6;
  context.strokeStyle = getComputedStyle(map).getPropertyValue("--edge");
  context.stroke(glyph);
  return mark;
}

function redraw() {
  drawing ||= requestAnimationFrame(draw);
}

function isOnMap(i) {
  const [x, y] = placeOf(i);
  return shown.has(points.label[i]) && x >= 0 && y >= 0 && x <= canvas.clientWidth && y <= canvas.clientWidth;
}

function markAt(x, y) {
  const reach = Math.max(NEAR, 5 * markScale());
  let nearest = -1;
  let least = reach * reach;
  const [left, right] = [-reach, reach].map((by) => cellOf((x + by - view.x) / unit()));
  const [top, bottom] = [-reach, reach].map((by) => cellOf((y + by - view.y) / unit()));
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      for (const i of cells[column + CELLS * row]) {
        if (!shown.has(points.label[i])) continue;
        const [across, down] = placeOf(i);
        const apart = (across - x) ** 2 + (down - y) ** 2;
        if (apart < least) [nearest, least] = [i, apart];
      }
    }
  }
  return nearest;
}

function choose(i, hold = false) {
  held = hold && i >= 0;
  tip.classList.toggle("held", held);
  if (i === chosen) return;
  chosen = i;
  if (i >= 0) tell(i);
  point();
}

function tell(i) {
  const name = points.classes[points.label[i]];
  const region = points.regions[points.region[i]];
  const { folder, count: inSheet, columns, side } = points.sheet;
  const [width, height] = [points.width[i], points.height[i]];
  picture.hidden = width === 0;
  if (width > 0) {
    const scale = Math.min(LARGEST.width / width, LARGEST.height / height);
    const place = i % inSheet;
    const sheet = String(Math.floor(i / inSheet)).padStart(4, "0");
    const style = picture.style;
    style.width = `${width * scale}px`;
    style.height = `${height * scale}px`;
    style.backgroundImage = `url("${folder}/sheet-${sheet}.webp")`;
    style.backgroundSize = `${columns * side * scale}px auto`;
    style.backgroundPosition = `${-(place % columns) * side * scale}px ${-Math.floor(place / columns) * side * scale}px`;
  }
  tip.querySelector("p").textContent =
    `${name}${region === name ? "" : ` (${region})`}\n${points.id[i]}\n${points.foregrounds[points.foreground[i]]}`;
}

// Puts ring and tip beside the chosen mark; a mark that has left the map is let go.
function point() {
  if (chosen >= 0 && !isOnMap(chosen)) [chosen, held] = [-1, false];
  ring.hidden = tip.hidden = chosen < 0;
  if (chosen < 0) return;
  const [x, y] = placeOf(chosen);
  const side = canvas.clientWidth;
  ring.style.left = `${x}px`;
  ring.style.top = `${y}px`;
  const left = x > side / 2 ? x - tip.offsetWidth - 14 : x + 14;
  tip.style.left = `${Math.max(0, Math.min(side - tip.offsetWidth, left))}px`;
  tip.style.top = `${y > side / 2 ? y - tip.offsetHeight - 14 : y + 14}px`;
}

// Zooms so that a place of the frame stays where it is; 0 shows the whole map.
function zoom(by, x = canvas.clientWidth / 2, y = canvas.clientWidth / 2) {
  const scale = by === 0 ? 1 : Math.min(CLOSEST, Math.max(1, view.scale * by));
  const grown = scale / view.scale;
  view.scale = scale;
  move(x - (x - view.x) * grown, y - (y - view.y) * grown);
}

function move(x, y) {
  const least = canvas.clientWidth * (1 - view.scale);
  view.x = Math.min(0, Math.max(least, x));
  view.y = Math.min(0, Math.max(least, y));
  canvas.style.touchAction = view.scale > 1 ? "none" : "";
  redraw();
}

// The nearest mark in a direction, marks aside counting as farther; from nowhere, the one in the middle.
function next(right, down) {
  const side = canvas.clientWidth;
  const [x, y] = chosen >= 0 ? placeOf(chosen) : [side / 2, side / 2];
  let nearest = chosen;
  let least = Infinity;
  for (let i = 0; i < count; i++) {
    if (i === chosen || !isOnMap(i)) continue;
    const [across, below] = placeOf(i);
    const ahead = (across - x) * right + (below - y) * down;
    const aside = Math.abs((across - x) * down) + Math.abs((below - y) * right);
    if (chosen >= 0 && ahead < 1) continue;
    const apart = chosen >= 0 ? ahead + 2 * aside : Math.hypot(across - x, below - y);
    if (apart < least) [nearest, least] = [i, apart];
  }
  return nearest;
}

const KEYS = {
  ArrowLeft: () => choose(next(-1, 0), true),
  ArrowRight: () => choose(next(1, 0), true),
  ArrowUp: () => choose(next(0, -1), true),
  ArrowDown: () => choose(next(0, 1), true),
  Enter: () => choose(chosen, true),
  Escape: () => choose(-1),
  "+": () => zoom(2, ...(chosen >= 0 ? placeOf(chosen) : [])),
  "-": () => zoom(0.5),
  0: () => zoom(0),
};

function frameOf(event) {
  const frame = canvas.getBoundingClientRect();
  return [event.clientX - frame.left, event.clientY - frame.top];
}

function listen() {
  let grip = null; // where the pointer went down, and the corner of the map then
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    grip = { at: frameOf(event), corner: [view.x, view.y], moved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = frameOf(event);
    if (grip) {
      const by = [x - grip.at[0], y - grip.at[1]];
      grip.moved ||= Math.hypot(...by) > 4;
      canvas.classList.toggle("moved", grip.moved);
      if (grip.moved) move(grip.corner[0] + by[0], grip.corner[1] + by[1]);
    } else if (!held) choose(markAt(x, y));
  });
  canvas.addEventListener("pointerup", (event) => {
    if (grip && !grip.moved) choose(markAt(...frameOf(event)), true);
    grip = null;
    canvas.classList.remove("moved");
  });
  canvas.addEventListener("pointercancel", () => (grip = null));
  canvas.addEventListener("pointerleave", () => held || choose(-1));
  canvas.addEventListener("dblclick", (event) => zoom(2, ...frameOf(event)));
  const wheel = (event) => {
    if (!event.ctrlKey && document.activeElement !== canvas) return; // the page scrolls
    event.preventDefault();
    zoom(1.2 ** (-event.deltaY / 60), ...frameOf(event));
  };
  canvas.addEventListener("wheel", wheel, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    if (!(event.key in KEYS) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  for (const button of map.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => zoom(Number(button.dataset.zoom)));
  }
  let side = canvas.clientWidth;
  new ResizeObserver(() => {
    const grown = canvas.clientWidth / side;
    side = canvas.clientWidth;
    move(view.x * grown, view.y * grown);
  }).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

function show(box) {
  const label = Number(box.value);
  if (box.checked) shown.add(label);
  else shown.delete(label);
  redraw();
}

if (points) {
  for (const box of boxes) {
    box.addEventListener("change", () => show(box));
    show(box); // a reloaded page keeps its ticks
  }
  for (const button of document.querySelectorAll("[data-all]")) {
    button.addEventListener("click", () => {
      for (const box of boxes) {
        box.checked = button.dataset.all !== "";
        show(box);
      }
    });
  }
  listen();
} else map.querySelector(".missing").hidden = false;
