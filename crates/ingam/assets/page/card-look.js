// Looks at one small frame: bright enough, still, sharp, and does something with four straight sides lie in the frame?
// Pure: pixels in, one hint out. Limits were set by eye on specimen cards; a wrong guess costs a hint, never a person,
// since the button to take the picture by hand comes after eight seconds.

export const FRAME = { side: 0.052, ratio: 85.6 / 54 }; // as the style sheet draws it
const DARK = 55, GLARE_SHARE = 0.07, SHAKE = 7, SHARP = 45, EMPTY = 12, EDGE = 16;
const BAND = { flat: 0.17, upright: 0.13 }, SEGMENTS = 5; // how far from the frame a side is looked for
const SMALL = 0.2, LARGE = 0.09, ASIDE = 0.16; // of the frame's width, both sides together

function lumaOf({ data, width, height }) {
  const luma = new Uint8Array(width * height);
  for (let i = 0, p = 0; i < luma.length; i += 1, p += 4) {
    luma[i] = (data[p] * 77 + data[p + 1] * 150 + data[p + 2] * 29) >> 8;
  }
  return luma;
}

// How far from where it should be a side lies, in pixels (outward is positive); null where there is none.
function side(luma, width, height, frame, which) {
  const flat = which === 'top' || which === 'bottom';
  const at = { top: frame.y, bottom: frame.y + frame.h, left: frame.x, right: frame.x + frame.w }[which];
  const out = which === 'top' || which === 'left' ? -1 : 1;
  const [from, length] = flat ? [frame.x, frame.w] : [frame.y, frame.h];
  const reach = Math.round(flat ? frame.h * BAND.flat : frame.w * BAND.upright);
  const found = [];
  for (let s = 0; s < SEGMENTS; s += 1) {
    const start = Math.round(from + length * (0.12 + (0.76 * s) / SEGMENTS));
    const end = Math.round(from + length * (0.12 + (0.76 * (s + 1)) / SEGMENTS));
    let best = 0, where = null;
    for (let d = reach; d >= -reach; d -= 1) {
      const line = Math.round(at + out * d);
      if (line < 2 || line > (flat ? height : width) - 3) continue;
      let sum = 0;
      for (let i = start; i < end; i += 1) {
        sum += flat ? luma[(line + 2) * width + i] - luma[(line - 2) * width + i]
          : luma[i * width + line + 2] - luma[i * width + line - 2];
      }
      // Signed: along a card's side the step has one direction, along print it has both.
      const strength = Math.abs(sum) / (end - start);
      if (strength > best * 1.15) { best = strength; where = d; }
    }
    if (best > EDGE) found.push(where);
  }
  if (found.length < SEGMENTS - 1) return null;
  found.sort((a, b) => a - b);
  return found[found.length >> 1];
}

export function look(pixels, before) {
  const { width, height } = pixels;
  const luma = lumaOf(pixels);
  const w = width * (1 - 2 * FRAME.side), h = Math.min(w / FRAME.ratio, height * 0.9);
  const frame = { x: (width - w) / 2, y: (height - h) / 2, w, h };
  let sum = 0, bright = 0, moved = 0, sharp = 0, sharpSquared = 0, n = 0;
  for (let y = Math.ceil(frame.y) + 6; y < frame.y + frame.h - 6; y += 2) {
    for (let x = Math.ceil(frame.x) + 6; x < frame.x + frame.w - 6; x += 2) {
      const i = y * width + x, v = luma[i];
      const edge = 4 * v - luma[i - 1] - luma[i + 1] - luma[i - width] - luma[i + width];
      sum += v;
      bright += v > 250 ? 1 : 0;
      moved += before?.length === luma.length ? Math.abs(v - before[i]) : 255;
      sharp += edge;
      sharpSquared += edge * edge;
      n += 1;
    }
  }
  const mean = sum / n, sharpness = sharpSquared / n - (sharp / n) ** 2;
  const [top, bottom, left, right] = ['top', 'bottom', 'left', 'right'].map((s) => side(luma, width, height, frame, s));
  const sides = [top, bottom, left, right].filter((s) => s !== null).length;
  return { luma, sides, hint: judge({ mean, glare: bright / n, moved: moved / n, sharpness, sides, left, right, w }) };
}

function judge({ mean, glare, moved, sharpness, sides, left, right, w }) {
  if (mean < DARK) return 'dark';
  if (glare > GLARE_SHARE && sides >= 2) return 'glare';
  if (sides < 2 && sharpness < EMPTY) return 'start';
  if (moved > SHAKE) return sides >= 3 ? 'shake' : 'start';
  if (sides < 3) return 'start';
  if (sharpness < SHARP) return 'blur';
  if (left !== null && right !== null) {
    if (left + right < -SMALL * w) return 'closer';
    if (left + right > LARGE * w) return 'farther';
    if (left - right > ASIDE * w) return 'right';
    if (right - left > ASIDE * w) return 'left';
  }
  return 'good';
}
