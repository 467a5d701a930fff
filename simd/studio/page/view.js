// The canvas of the tagging page: a foreground over a backdrop, classes over it.

import { NO_CLASS, colour } from "./paint.js";
import { Stage } from "./stage.js";

const STRIPE = 4; // screen pixels
const OPEN_WORD = 0xffffffff; // an opaque pixel, whatever its colour

export class View extends Stage {
  constructor(canvas) {
    super(canvas);
    this.veil = document.createElement("canvas"); // stripes are cut out here, at the size of the screen
    this.onScreenSize.push(this.veil);
    this.layers = Object.fromEntries(["labels", "open", "proposal"].map((n) => [n, document.createElement("canvas")]));
    this.mode = "cutout";
    this.opacity = 0.6;
    this.showProposal = true;
  }

  /** Show another foreground: its pictures by mode, and its planes. */
  open(pictures, planes, palette) {
    Object.assign(this, { pictures, planes, palette });
    for (const layer of Object.values(this.layers)) [layer.width, layer.height] = [planes.width, planes.height];
    this.proposed = null;
    this.relabel();
    this.fit();
  }

  /** Colour the class mask anew, everywhere or in a box. */
  relabel(box = null) {
    const { mask, unknown } = this.planes;
    colour(this.layers.labels, this.planes, this.palette, box);
    const open = (at) => unknown[at] && mask[at] === NO_CLASS;
    const white = new Uint32Array(256).fill(OPEN_WORD);
    colour(this.layers.open, this.planes, white, box, open);
    if (this.proposed) colour(this.layers.proposal, { ...this.planes, mask: this.proposed }, this.palette, box, open);
    this.draw();
  }

  propose(mask) {
    this.proposed = mask;
    if (!mask) this.layers.proposal.getContext("2d").clearRect(0, 0, this.planes.width, this.planes.height);
    this.relabel();
  }

  paintImage(box) {
    const { context } = this;
    if (this.mode === "cutout") this.paintBackdrop(box);
    context.drawImage(this.pictures[this.mode], ...box);
    context.globalAlpha = this.opacity;
    context.drawImage(this.layers.labels, ...box);
    if (this.showProposal && this.proposed) this.paintStriped(this.layers.proposal, box, true);
    else this.paintStriped(this.layers.open, box, false);
  }

  /** Draw what has no class yet in stripes of the screen: of a proposal's colours, or else grey. */
  paintStriped(layer, box, proposed) {
    const veil = this.veil.getContext("2d"), { width, height } = this.canvas;
    veil.globalCompositeOperation = "copy";
    veil.imageSmoothingEnabled = false;
    veil.drawImage(layer, ...box);
    veil.globalCompositeOperation = proposed ? "destination-in" : "source-in";
    veil.fillStyle = proposed ? this.stripes("#000", "transparent") : this.stripes("#fffd", "#10131a99");
    veil.fillRect(0, 0, width, height);
    this.context.globalAlpha = proposed ? Math.min(1, 1.4 * this.opacity) : 0.55 * this.opacity;
    this.context.drawImage(this.veil, 0, 0);
  }

  stripes(ink, between) {
    this.patterns ??= {};
    this.patterns[ink] ??= this.pattern(2 * STRIPE, (at) => {
      const side = 2 * STRIPE;
      for (let y = 0; y < side; y++) {
        for (let x = 0; x < side; x++) {
          at.fillStyle = (x + y) % side < STRIPE ? ink : between;
          at.fillRect(x, y, 1, 1);
        }
      }
    });
    return this.patterns[ink];
  }
}
