// The pointer that draws: a mouse, a pen, a finger, or the arrow keys; what it draws becomes strokes.

const MOST_POINTS = 4000; // of one stroke; a longer one goes on as the next
const quarter = (value) => Math.round(value * 4) / 4; // quarters are exact in any arithmetic

export class Pointer {
  /**
   * `tool()` says {kind, radius, colour, ...} or null where nothing may be drawn; kind is brush, polygon or box.
   * `painter` shows a brush stroke while it is drawn: begin() returns what cancel() needs to take it away again,
   * segment(a, b, tool) paints a part of it. `finished` gets {tool, kind, points, radius}; `resized`, if given,
   * the turns of the wheel with alt. With `straight`, shift draws straight lines.
   */
  constructor(view, { tool, painter, finished, moved, resized = null, straight = false }) {
    Object.assign(this, { view, tool, painter, finished, moved, resized, straight });
    this.last = null; // where the stroke before has ended
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
    this.begin(event.shiftKey);
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
      if (this.drawing) this.extend(event.shiftKey);
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
    if (event.altKey && this.resized) this.resized(-Math.sign(event.deltaY + event.deltaX));
    else if (event.shiftKey) this.view.pan(-event.deltaX - event.deltaY, 0);
    else this.view.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), event);
  }

  /** Move the cursor of the arrow keys by pixels of the image, and draw on the way where the pen is down. */
  step(dy, dx) {
    if (!this.view.planes) return;
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

  begin(straight = false) {
    const tool = this.tool();
    if (this.drawing || !tool || !this.view.planes) return;
    this.drawing = { tool, points: [], before: this.painter.begin(tool) };
    if (straight && this.straight && this.last && tool.kind === "brush") {
      this.drawing.points.push(this.last); // a line from where the stroke before has ended
    }
    this.extend();
  }

  extend(straight = false) {
    const { tool, points } = this.drawing, { kind, radius, colour } = tool;
    const last = points.at(-1), here = this.at;
    if (kind === "box") {
      points[0] ??= here;
      points[1] = here;
      const [[top, left], [bottom, right]] = points;
      this.view.lasso = { points: [[top, left], [top, right], [bottom, right], [bottom, left]], colour };
      return this.view.draw();
    }
    if (straight && this.straight && kind === "brush" && points.length) {
      this.painter.cancel(this.drawing.before);
      points.length = 1;
      points.push(here);
      this.painter.segment(points[0], here, tool);
      return;
    }
    if (last && Math.hypot(here[0] - last[0], here[1] - last[1]) < Math.max(0.5, radius / 6)) return;
    points.push(here);
    if (kind === "brush") {
      this.painter.segment(last ?? here, here, tool);
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
    const { tool, points } = drawn, [[top, left], [bottom, right] = [top, left]] = points;
    const empty = { polygon: points.length < 3, box: Math.abs(bottom - top) < 2 || Math.abs(right - left) < 2 };
    if (empty[tool.kind]) return this.view.draw();
    this.last = points.at(-1);
    this.finished({ tool, kind: tool.kind, points, radius: tool.kind === "brush" ? tool.radius : 0 });
  }

  /** Give up the stroke in hand. */
  cancel() {
    if (!this.drawing) return;
    this.painter.cancel(this.drawing.before);
    this.drawing = this.view.lasso = null;
    this.view.draw();
  }
}
