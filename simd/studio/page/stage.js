// A canvas that shows an image over a backdrop: zoom, pan, the cursor and what is being drawn around.

const CHECKER = 9; // screen pixels

/** Subclasses set `planes` ({width, height, ...}) and paint the image itself, in `paintImage(box)`. */
export class Stage {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.planes = null;
    this.backdrop = { kind: "checker" };
    this.cursor = null; // {y, x, radius, colour}
    this.lasso = null; // {points, colour}
    this.scale = 1;
    this.left = this.top = 0; // where the image begins, in screen pixels
    this.onScreenSize = [canvas]; // canvases that are as large as the screen's part
    new ResizeObserver(() => this.resize()).observe(canvas);
  }

  close() {
    this.planes = null;
    this.draw();
  }

  resize() {
    const box = this.canvas.getBoundingClientRect(), ratio = devicePixelRatio || 1;
    for (const canvas of this.onScreenSize) {
      canvas.width = Math.max(1, Math.round(box.width * ratio));
      canvas.height = Math.max(1, Math.round(box.height * ratio));
    }
    if (this.planes) this.fit();
  }

  /** Show the whole image. */
  fit() {
    if (!this.planes) return;
    const { width, height } = this.planes, { width: wide, height: high } = this.canvas;
    this.scale = Math.min(wide / width, high / height, 8) * 0.96;
    this.left = (wide - width * this.scale) / 2;
    this.top = (high - height * this.scale) / 2;
    this.draw();
  }

  /** Zoom by a factor around a point of the window, by default the middle. */
  zoom(factor, event = null) {
    const [x, y] = event ? this.onScreen(event) : [this.canvas.width / 2, this.canvas.height / 2];
    const scale = Math.min(40, Math.max(0.02, this.scale * factor)), by = scale / this.scale;
    this.left = x - (x - this.left) * by;
    this.top = y - (y - this.top) * by;
    this.scale = scale;
    this.draw();
  }

  pan(dx, dy) {
    const ratio = devicePixelRatio || 1;
    this.left += dx * ratio;
    this.top += dy * ratio;
    this.draw();
  }

  onScreen(event) {
    const box = this.canvas.getBoundingClientRect(), ratio = devicePixelRatio || 1;
    return [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
  }

  /** Return the [y, x] of the image under a pointer; (0, 0) is the centre of the first pixel. */
  inImage(event) {
    const [x, y] = this.onScreen(event);
    return [(y - this.top) / this.scale - 0.5, (x - this.left) / this.scale - 0.5];
  }

  /** Move the picture so that a place of the image can be seen. */
  reveal([y, x]) {
    const margin = 40, { width, height } = this.canvas;
    const across = this.left + (x + 0.5) * this.scale, down = this.top + (y + 0.5) * this.scale;
    this.left += Math.max(0, margin - across) - Math.max(0, across - (width - margin));
    this.top += Math.max(0, margin - down) - Math.max(0, down - (height - margin));
    this.draw();
  }

  draw() {
    if (this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = null;
      this.paint();
    });
  }

  paint() {
    const { context, canvas, planes } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!planes) return;
    const box = [this.left, this.top, planes.width * this.scale, planes.height * this.scale];
    context.save();
    context.beginPath();
    context.rect(...box);
    context.clip();
    context.imageSmoothingEnabled = this.scale < 3;
    context.imageSmoothingQuality = "high";
    this.paintImage(box);
    context.restore();
    this.paintMarks();
  }

  paintBackdrop([left, top, wide, high]) {
    const { context, backdrop } = this;
    if (backdrop.kind === "photograph" && backdrop.picture) {
      const { width, height } = backdrop.picture, by = Math.max(wide / width, high / height);
      const [w, h] = [width * by, height * by];
      context.drawImage(backdrop.picture, left + (wide - w) / 2, top + (high - h) / 2, w, h);
      return;
    }
    context.fillStyle = backdrop.kind === "colour" ? backdrop.colour : this.checker();
    context.fillRect(left, top, wide, high);
  }

  paintMarks() {
    const { context, cursor, lasso } = this;
    const place = ([y, x]) => [this.left + (x + 0.5) * this.scale, this.top + (y + 0.5) * this.scale];
    if (lasso) {
      context.beginPath();
      lasso.points.forEach((point) => context.lineTo(...place(point)));
      context.closePath();
      context.globalAlpha = 0.35;
      context.fillStyle = lasso.colour;
      context.fill();
      context.globalAlpha = 1;
      this.outline(lasso.colour);
    }
    if (!cursor) return;
    const [x, y] = place([cursor.y, cursor.x]), arm = 5 * (devicePixelRatio || 1);
    context.beginPath();
    context.arc(x, y, Math.max(2, (cursor.radius + 0.5) * this.scale), 0, 2 * Math.PI);
    this.outline(cursor.colour);
    context.beginPath();
    for (const [dx, dy] of [[arm, 0], [0, arm]]) {
      context.moveTo(x - dx, y - dy);
      context.lineTo(x + dx, y + dy);
    }
    this.outline(cursor.colour);
  }

  outline(ink) {
    const ratio = devicePixelRatio || 1;
    for (const [style, width] of [["#000c", 4.5], ["#fff", 3], [ink, 1.6]]) {
      this.context.strokeStyle = style;
      this.context.lineWidth = width * ratio;
      this.context.stroke();
    }
  }

  checker() {
    this.checkerPattern ??= this.pattern(2 * CHECKER, (at) => {
      at.fillStyle = "#fff";
      at.fillRect(0, 0, 2 * CHECKER, 2 * CHECKER);
      at.fillStyle = "#d4d7dd";
      at.fillRect(0, 0, CHECKER, CHECKER);
      at.fillRect(CHECKER, CHECKER, CHECKER, CHECKER);
    });
    return this.checkerPattern;
  }

  pattern(side, fill) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = side;
    fill(tile.getContext("2d"));
    return this.context.createPattern(tile, "repeat");
  }
}
