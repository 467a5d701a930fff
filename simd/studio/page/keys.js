// Keys of a page with a canvas: letters do what a table says, arrows move the cursor, space draws.

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/**
 * Listen to keys. `actions` has what a key does; those in `repeated` do it again while they are held. `held`
 * has what begins when a key goes down, and ends with it: [begin, end]. `ready` says whether keys count,
 * `radius` how far an arrow goes, `undo` and `redo` are also on ctrl with z and y.
 */
export function listenToKeys(pointer, { actions, repeated, held = {}, ready, radius, undo, redo }) {
  addEventListener("keydown", (event) => {
    const target = event.target, onButton = target.closest?.("button");
    if (event.metaKey || !ready() || target.matches?.("select, input:not([type=range])")) return;
    const arrow = ARROWS[event.key];
    if (arrow && !target.matches?.("input")) {
      const far = event.ctrlKey ? 1 : Math.max(1, radius()) * (event.shiftKey ? 6 : 1);
      pointer.step(arrow[0] * far, arrow[1] * far);
    } else if (event.ctrlKey || event.altKey) {
      const again = { z: event.shiftKey ? redo : undo, Z: redo, y: redo }[event.key];
      if (!again || event.altKey) return;
      again();
    } else if (onButton && (event.key === " " || event.key === "Enter")) {
      return; // the button is meant
    } else if (held[event.key]) {
      if (!event.repeat) held[event.key][0]();
    } else if (actions[event.key]) {
      if (!event.repeat || repeated.has(event.key)) actions[event.key]();
    } else {
      return;
    }
    event.preventDefault();
  });
  addEventListener("keyup", (event) => {
    if (event.key === " ") pointer.end();
    held[event.key]?.[1]();
  });
  addEventListener("blur", () => {
    pointer.end();
    Object.values(held).forEach(([, end]) => end());
  });
}
