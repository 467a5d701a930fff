// How the foreground is looked at: as a cut-out, its alpha or its trimap, over which backdrop, with which classes.

import { $, all, press } from "./dom.js";

export const MODES = ["cutout", "alpha", "trimap"];
const COLOURS = { white: "#ffffff", black: "#000000", grey: "#808080" };

export class Display {
  constructor(view, api) {
    Object.assign(this, { view, api });
    this.opacity = view.opacity; // to come back to when the classes are shown again
  }

  listen() {
    all("[data-view]").forEach((button) => button.addEventListener("click", () => this.setMode(button.dataset.view)));
    $("opacity").addEventListener("input", () => this.setOpacity(Number($("opacity").value) / 100));
    $("backdrop").addEventListener("change", () => this.setBackdrop($("backdrop").value));
    $("ink").addEventListener("input", () => this.setBackdrop("colour"));
    $("propose").addEventListener("click", () => this.toggleProposal());
  }

  setMode(mode) {
    this.view.mode = mode;
    all("[data-view]").forEach((button) => press(button, button.dataset.view === mode));
    this.view.draw();
  }

  nextMode() {
    this.setMode(MODES[(MODES.indexOf(this.view.mode) + 1) % MODES.length]);
  }

  async setBackdrop(value) {
    $("backdrop").value = value;
    $("ink").hidden = value !== "colour";
    const [kind, number] = value.split(":"), colour = kind === "colour" ? $("ink").value : COLOURS[kind];
    if (number) this.view.backdrop = { kind, picture: await this.api.picture(`api/backdrops/${number}`) };
    else this.view.backdrop = colour ? { kind: "colour", colour } : { kind: "checker" };
    this.view.draw();
  }

  nextBackdrop() {
    const { options, selectedIndex } = $("backdrop");
    this.setBackdrop(options[(selectedIndex + 1) % options.length].value);
  }

  setOpacity(share) {
    this.view.opacity = share;
    $("opacity").value = 100 * share;
    if (share) this.opacity = share;
    this.view.draw();
  }

  /** Hide the classes, or show them again. */
  toggleClasses() {
    this.setOpacity(this.view.opacity ? 0 : this.opacity);
  }

  toggleProposal() {
    this.view.showProposal = !this.view.showProposal;
    press($("propose"), this.view.showProposal);
    this.view.draw();
  }
}
