// The pointer that draws: a mouse, a pen, a finger, or the arrow keys; what it draws becomes strokes.

import { paintSegment } from "./paint.js";

const MOST_POINTS = 4000; // of one stroke; a longer one goes on as the next
const quarter = (value) => Math.round(value * 4) / 4; // quarters are exact in any arithmetic

export class Pointer {
  /** `tool()` says {kind, value, className, radius, colour} or null where nothing may be drawn. */
  constructor(view, { tool, finished, moved }) {
    Object.assign(this, { view, tool, finished, moved });
    this.pointers = new Map();
    this.drawing = null;
    this.panning = null;
    this.at = [0, 0]; // the cursor of the arrow keys
    const canvas = view.canvas;
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, (event) => this.up(event));
    canvas.addEventListener("pointerleave", () => this.hover(null));
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  place(point) {
    this.at = point.map(quarter);
    this.show();
  }

  show() {
    const tool = this.tool();
    const [y, x] = this.at;
    this.view.cursor = { y, x, radius: tool?.kind === "brush" ? tool.radius : 0, colour: tool?.colour ?? "#888" };
    this.view.draw();
    this.moved(this.at);
  }

  hover(event) {
    if (event) return this.place(this.view.inImage(event));
    this.view.cursor = null;
    this.view.draw();
  }

  down(event) {
    if (!this.view.planes) return;
    event.preventDefault();
    this.view.canvas.focus({ preventScroll: true });
    this.view.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, event);
    if (this.pointers.size === 2) this.cancel(); // the second finger: not drawing, but moving the picture
    if (this.pointers.size > 1 || event.button !== 0 || event.altKey || !this.tool()) {
      this.panning = event;
      return;
    }
    this.place(this.view.inImage(event));
    this.begin();
  }

  move(event) {
    if (!this.view.planes) return;
    if (this.pointers.size === 2) return this.pinch(event);
    if (this.panning) {
      this.view.pan(event.clientX - this.panning.clientX, event.clientY - this.panning.clientY);
      this.panning = event;
      return;
    }
    const parts = this.drawing ? event.getCoalescedEvents?.() ?? [] : [];
    for (const part of parts.length ? parts : [event]) {
      this.hover(part);
      if (this.drawing) this.extend();
    }
  }

  up(event) {
    this.pointers.delete(event.pointerId);
    if (this.panning) this.panning = null;
    else if (event.type === "pointercancel") this.cancel();
    else this.end();
  }

  pinch(event) {
    const other = [...this.pointers.values()].find((each) => each.pointerId !== event.pointerId);
    const before = this.pointers.get(event.pointerId);
    if (!other || !before) return;
    const span = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    this.view.zoom(span(event) / Math.max(1, span(before)), other);
    this.view.pan((event.clientX - before.clientX) / 2, (event.clientY - before.clientY) / 2);
    this.pointers.set(event.pointerId, event);
  }

  wheel(event) {
    if (!this.view.planes) return;
    event.preventDefault();
    if (event.shiftKey) this.view.pan(-event.deltaX - event.deltaY, 0);
    else this.view.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), event);
  }

  /** Move the cursor of the arrow keys by pixels of the image, and draw on the way where the pen is down. */
  step(dy, dx) {
    const { width, height } = this.view.planes;
    if (!this.view.cursor && !this.drawing) this.at = this.inside(this.at) ? this.at : [height / 2, width / 2];
    const [y, x] = this.at;
    this.place([Math.min(height - 1, Math.max(0, y + dy)), Math.min(width - 1, Math.max(0, x + dx))]);
    this.view.reveal(this.at);
    if (this.drawing) this.extend();
  }

  inside([y, x]) {
    return y > 0 && x > 0 && y < this.view.planes.height && x < this.view.planes.width;
  }

  begin() {
    const tool = this.tool();
    if (this.drawing || !tool || !this.view.planes) return;
    this.drawing = { ...tool, points: [], before: this.view.planes.mask.slice() };
    this.extend();
  }

  extend() {
    const { points, kind, radius, value, colour } = this.drawing;
    const last = points.at(-1), here = this.at;
    if (last && Math.hypot(here[0] - last[0], here[1] - last[1]) < Math.max(0.5, radius / 6)) return;
    points.push(here);
    if (kind === "brush") {
      this.view.relabel(paintSegment(this.view.planes, last ?? here, here, radius, value));
    } else {
      this.view.lasso = { points, colour };
      this.view.draw();
    }
    if (points.length >= MOST_POINTS) {
      this.end();
      this.begin();
    }
  }

  end() {
    const drawn = this.drawing;
    this.drawing = this.view.lasso = null;
    if (!drawn) return;
    if (drawn.kind === "polygon" && drawn.points.length < 3) return this.view.draw();
    this.finished({
      kind: drawn.kind,
      class: drawn.className,
      points: drawn.points,
      radius: drawn.kind === "brush" ? drawn.radius : 0,
    });
  }

  /** Give up the stroke in hand. */
  cancel() {
    if (!this.drawing) return;
    this.view.planes.mask.set(this.drawing.before);
    this.drawing = this.view.lasso = null;
    this.view.relabel();
  }
}
