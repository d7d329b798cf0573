// Elements in one expression. Text goes in as text, never as markup.

const SVG = 'http://www.w3.org/2000/svg';

/** An HTML element: attributes by name, `on` for listeners, then children (elements or strings). */
export function el(tag, given = {}, ...children) {
  return fill(document.createElement(tag), given, children);
}

/** The same for SVG. */
export function svg(tag, given = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), given, children);
}

function fill(node, { on = {}, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, String(value));
  }
  for (const [name, act] of Object.entries(on)) node.addEventListener(name, act);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** The element with this id; a missing one is a mistake in the page. */
export function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`no #${id}`);
  return node;
}

/** A state as shape and colour; the word stands beside it. */
export function mark(state) {
  const shapes = {
    good: [svg('circle', { cx: 7, cy: 7, r: 6, class: 'fill-good' }), svg('path', { d: 'M4.2 7.1l2 2.1 3.7-4.3', class: 'tick' })],
    wait: [svg('circle', { cx: 7, cy: 7, r: 5.2, class: 'line-wait' }), svg('path', { d: 'M7 1.8a5.2 5.2 0 0 1 0 10.4z', class: 'fill-wait' })],
    look: [svg('path', { d: 'M7 1.5L13 12.5H1z', class: 'fill-wait' })],
    stop: [svg('rect', { x: 2, y: 2, width: 10, height: 10, rx: 1.5, class: 'fill-stop' })],
  };
  return svg('svg', { class: 'mark', viewBox: '0 0 14 14', 'aria-hidden': 'true' }, shapes[state] ?? shapes.wait);
}

const said = () => byId('said');

/** Says something to whoever listens, and shows it for a moment; nothing takes it away. */
export function say(words) {
  said().textContent = words;
  said().classList.toggle('shown', words !== '');
  clearTimeout(say.timer);
  say.timer = setTimeout(() => said().classList.remove('shown'), 4000);
}

/** Shows what went wrong until something works again; `null` takes it away. */
export function alarm(words) {
  const node = byId('alarm');
  node.textContent = words ?? '';
  node.hidden = !words;
}

/** Copies a text; false where the browser does not allow it. */
export async function copy(words) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    return false;
  }
}
