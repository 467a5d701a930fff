// Strokes turned into pixels, with the arithmetic of the server, so that the page shows at once what it will write.

export const NO_CLASS = 255;

/** Paint all unknown pixels within `radius` of the line from a to b, both [y, x]; return what was touched. */
export function paintSegment(planes, a, b, radius, value) {
  const { mask, unknown, width, height } = planes;
  const top = Math.max(0, Math.ceil(Math.min(a[0], b[0]) - radius));
  const bottom = Math.min(height - 1, Math.floor(Math.max(a[0], b[0]) + radius));
  const left = Math.max(0, Math.ceil(Math.min(a[1], b[1]) - radius));
  const right = Math.min(width - 1, Math.floor(Math.max(a[1], b[1]) + radius));
  const dy = b[0] - a[0], dx = b[1] - a[1];
  const squared = Math.max(dy * dy + dx * dx, 1e-12), reach = radius * radius + 1e-9;
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const at = y * width + x;
      if (!unknown[at]) continue;
      const t = Math.min(1, Math.max(0, ((y - a[0]) * dy + (x - a[1]) * dx) / squared));
      const offY = y - a[0] - t * dy, offX = x - a[1] - t * dx;
      if (offY * offY + offX * offX <= reach) mask[at] = value;
    }
  }
  return { top, left, bottom, right };
}

/** Count the pixels of each class index, and the unknown ones without a class under NO_CLASS. */
export function count({ mask, unknown }) {
  const counts = new Uint32Array(256);
  for (let at = 0; at < mask.length; at++) if (unknown[at]) counts[mask[at]]++;
  return counts;
}

/** Colour a class mask into a canvas of its size; `only`, if given, says which pixels are shown. */
export function colour(canvas, planes, palette, box = null, only = null) {
  const { width, height } = planes;
  const { top, left, bottom, right } = box ?? { top: 0, left: 0, bottom: height - 1, right: width - 1 };
  if (bottom < top || right < left) return;
  const picture = new ImageData(right - left + 1, bottom - top + 1);
  const pixels = new Uint32Array(picture.data.buffer);
  let to = 0;
  for (let y = top; y <= bottom; y++) {
    for (let at = y * width + left, end = y * width + right; at <= end; at++, to++) {
      if (!only || only(at)) pixels[to] = palette[planes.mask[at]];
    }
  }
  canvas.getContext("2d").putImageData(picture, left, top);
}

/** Return the 256 colours of a class mask as the 32-bit words that a canvas holds: red first in memory. */
export function makePalette(classes) {
  const palette = new Uint32Array(256);
  classes.forEach(({ colour: hex }, index) => {
    const [red, green, blue] = [1, 3, 5].map((from) => parseInt(hex.slice(from, from + 2), 16));
    palette[index] = new Uint32Array(new Uint8Array([red, green, blue, 255]).buffer)[0];
  });
  return palette;
}
