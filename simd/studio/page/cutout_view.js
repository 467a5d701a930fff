// The canvas of the cut-out page: a picture and its matte, seen in one of many ways, with what is being drawn.

import { Stage } from "./stage.js";

/** How a picture is seen; F goes through them. `over` is what lies behind the cut-out. */
export const VIEWS = {
  checker: { name: "Checker", over: { kind: "checker" } },
  black: { name: "Black", over: { kind: "colour", colour: "#000000" } },
  white: { name: "White", over: { kind: "colour", colour: "#ffffff" } },
  colour: { name: "Colour", over: { kind: "colour", colour: "#2f9e5b" } },
  photograph: { name: "Photo", over: { kind: "photograph" } },
  alpha: { name: "Alpha", layer: "alpha" },
  trimap: { name: "Trimap", layer: "trimap" },
  error: { name: "Error", layer: "error" },
};
const LAYERS = ["cutout", "alpha", "trimap", "error"];
const LOUPE = 92, LOUPE_TIMES = 4; // radius in screen pixels, magnification

export class CutoutView extends Stage {
  constructor(canvas) {
    super(canvas);
    this.layers = Object.fromEntries([...LAYERS, "ink"].map((name) => [name, document.createElement("canvas")]));
    this.view = "checker";
    this.veil = 0.25; // how much of the picture shines through
    this.before = false; // show the picture as it came
    this.loupe = false;
    this.strokes = []; // drawn, and not answered yet: {colour, radius, segments}
  }

  /** Show another picture: `planes` has width, height, alpha, trimap and perhaps truth. */
  open(picture, planes) {
    const { width, height } = planes;
    for (const layer of Object.values(this.layers)) [layer.width, layer.height] = [width, height];
    this.picture = picture;
    this.planes = planes;
    this.colours = pixelsOf(picture, width, height);
    this.strokes = [];
    this.stale = Object.fromEntries(LAYERS.map((name) => [name, whole(planes)]));
    this.fit();
  }

  /** Take the matte and trimap of a part: [top, bottom, left, right]. */
  update([top, bottom, left, right], alpha, trimap) {
    const { width } = this.planes, wide = right - left;
    for (let y = top; y < bottom; y++) {
      const from = (y - top) * wide, to = y * width + left;
      this.planes.alpha.set(alpha.subarray(from, from + wide), to);
      this.planes.trimap.set(trimap.subarray(from, from + wide), to);
    }
    for (const name of LAYERS) this.stale[name] = union(this.stale[name], [top, bottom, left, right]);
    this.draw();
  }

  /** Take the subject's own colours. */
  recolour(picture) {
    this.colours = pixelsOf(picture, this.planes.width, this.planes.height);
    this.stale.cutout = whole(this.planes);
    this.draw();
  }

  // --- what is being drawn: the painter of a Pointer ---

  begin({ colour, radius }) {
    const stroke = { colour, radius, segments: [] };
    this.strokes.push(stroke);
    return stroke;
  }

  segment(a, b) {
    const stroke = this.strokes.at(-1);
    stroke.segments.push([a, b]);
    this.ink(stroke, [[a, b]]);
    this.draw();
  }

  cancel(stroke) {
    stroke.segments.length = 0;
    this.redraw();
  }

  /** Forget a stroke whose effect is seen. */
  forget(stroke) {
    this.strokes = this.strokes.filter((each) => each !== stroke);
    this.redraw();
  }

  redraw() {
    const { ink } = this.layers;
    ink.getContext("2d").clearRect(0, 0, ink.width, ink.height);
    for (const stroke of this.strokes) this.ink(stroke, stroke.segments);
    this.draw();
  }

  ink({ colour, radius }, segments) {
    const context = this.layers.ink.getContext("2d");
    context.strokeStyle = colour;
    context.lineCap = "round";
    context.lineWidth = Math.max(1, 2 * radius);
    for (const [[top, left], [bottom, right]] of segments) {
      context.beginPath();
      context.moveTo(left + 0.5, top + 0.5);
      context.lineTo(right + 0.5, bottom + 0.5);
      context.stroke();
    }
  }

  // --- painting ---

  paintImage(box) {
    const { context } = this, { over, layer } = VIEWS[this.view];
    if (this.before) {
      context.drawImage(this.picture, ...box);
    } else if (layer === "trimap") {
      context.drawImage(this.picture, ...box);
      context.globalAlpha = 1 - this.veil;
      context.drawImage(this.fresh("trimap"), ...box);
    } else if (layer) {
      context.drawImage(this.fresh(layer), ...box);
    } else {
      this.backdrop = over;
      this.paintBackdrop(box);
      context.globalAlpha = this.veil;
      context.drawImage(this.picture, ...box);
      context.globalAlpha = 1;
      context.drawImage(this.fresh("cutout"), ...box);
    }
    context.globalAlpha = 0.55;
    context.drawImage(this.layers.ink, ...box);
    context.globalAlpha = 1;
  }

  paintMarks() {
    if (this.loupe && this.cursor) this.paintLoupe();
    super.paintMarks();
  }

  /** Magnify what lies under the cursor, in the corner that is further away. */
  paintLoupe() {
    const { context, canvas, cursor, scale, left, top } = this, ratio = devicePixelRatio || 1;
    const radius = LOUPE * ratio, across = left + (cursor.x + 0.5) * scale, down = top + (cursor.y + 0.5) * scale;
    const nearCorner = across > canvas.width - 3 * radius && down < 3 * radius;
    const x = nearCorner ? radius + 12 : canvas.width - radius - 12, y = radius + 12;
    const larger = Math.max(1, scale) * LOUPE_TIMES;
    context.save();
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.clip();
    context.fillStyle = "#808080";
    context.fill();
    context.imageSmoothingEnabled = false;
    const { width, height } = this.planes;
    this.paintImage([x - (cursor.x + 0.5) * larger, y - (cursor.y + 0.5) * larger, width * larger, height * larger]);
    context.restore();
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    this.outline(cursor.colour);
    context.beginPath();
    context.arc(x, y, Math.max(2, (cursor.radius + 0.5) * larger), 0, 2 * Math.PI);
    if ((cursor.radius + 0.5) * larger < radius) this.outline(cursor.colour);
  }

  /** Return a layer after painting what has changed in it. */
  fresh(name) {
    const layer = this.layers[name], part = this.stale[name];
    if (!part) return layer;
    const [top, bottom, left, right] = part, { alpha, trimap, truth, width } = this.planes;
    const picture = new ImageData(right - left, bottom - top), { data } = picture, { colours } = this;
    let to = 0;
    for (let y = top; y < bottom; y++) {
      for (let at = y * width + left, end = y * width + right; at < end; at++, to += 4) {
        if (name === "cutout") {
          data[to] = colours[4 * at];
          data[to + 1] = colours[4 * at + 1];
          data[to + 2] = colours[4 * at + 2];
          data[to + 3] = alpha[at];
        } else if (name === "error") {
          const off = truth ? alpha[at] - truth[at] : 0; // too much: red, too little: blue
          data[to] = off > 0 ? Math.min(255, 2 * off) : 0;
          data[to + 2] = off < 0 ? Math.min(255, -2 * off) : 0;
          data[to + 1] = Math.abs(off) >> 1;
          data[to + 3] = 255;
        } else {
          data[to] = data[to + 1] = data[to + 2] = name === "alpha" ? alpha[at] : trimap[at];
          data[to + 3] = 255;
        }
      }
    }
    layer.getContext("2d").putImageData(picture, left, top);
    this.stale[name] = null;
    return layer;
  }
}

function pixelsOf(picture, width, height) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  return context.getImageData(0, 0, width, height).data;
}

function whole({ width, height }) {
  return [0, height, 0, width];
}

function union(one, other) {
  if (!one || other[0] === other[1]) return one ?? (other[0] === other[1] ? null : other);
  return [
    Math.min(one[0], other[0]), Math.max(one[1], other[1]), Math.min(one[2], other[2]), Math.max(one[3], other[3]),
  ];
}
