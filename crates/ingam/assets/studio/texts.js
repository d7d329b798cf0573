// The words of the studio: one catalogue a language, no text in code.
// Refuses to guess: a missing key shows itself, in brackets, and in the console.

let catalogue = {};

/** Loads the catalogue that the page names and fills every `data-text` and `data-label`. */
export async function loadTexts() {
  const answer = await fetch(document.documentElement.dataset.texts);
  if (!answer.ok) throw new Error(`texts: ${answer.status}`);
  catalogue = await answer.json();
  document.title = text('page_title');
  for (const node of document.querySelectorAll('[data-text]')) node.textContent = text(node.dataset.text);
  for (const node of document.querySelectorAll('[data-label]')) node.setAttribute('aria-label', text(node.dataset.label));
}

/** The text of a key, its `{places}` filled; Korean particles are written so that they fit any name. */
export function text(key, places = {}) {
  const found = catalogue[key];
  if (found === undefined) {
    console.error(`no text for ${key}`);
    return `[${key}]`;
  }
  return found.replace(/\{(\w+)\}/g, (whole, name) => String(places[name] ?? whole));
}

/** Whether the catalogue knows a key: for words that come from the server. */
export const hasText = (key) => Object.hasOwn(catalogue, key);

const CLOCK = new Intl.DateTimeFormat('ko-KR', { timeZone: 'Asia/Seoul', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const DAY = new Intl.DateTimeFormat('ko-KR', { timeZone: 'Asia/Seoul', month: '2-digit', day: '2-digit' });
const WON = new Intl.NumberFormat('ko-KR');

/** `14:02`, Korean time. */
export const clockText = (instant) => CLOCK.format(instant);

/** `11.23`, Korean time. */
export const dayText = (instant) =>
  DAY.formatToParts(instant).filter((part) => part.type === 'month' || part.type === 'day').map((part) => part.value).join('.');

/** Won with separators and a true minus sign. */
export const wonText = (amount) => WON.format(amount).replace('-', '−');

/** `84 ms` or `1.2초`. */
export const elapsedText = (ms) => (ms < 1000 ? text('calls.ms', { n: Math.round(ms) }) : text('calls.s', { n: (ms / 1000).toFixed(1) }));
