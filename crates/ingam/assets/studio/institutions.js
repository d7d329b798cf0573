// Issuers and banks, each with the faults that can be switched on.

import { byId, el, mark, svg } from './dom.js';
import { elapsedText, hasText, text } from './texts.js';

const FAULTS = ['none', 'slow', 'down', 'maintenance', 'lost_answer'];
const MARKS = { none: 'good', slow: 'wait', maintenance: 'wait', down: 'stop', lost_answer: 'look' };

let before = '';

/** Draws the list anew only where something changed, so that the focus stays where it is. */
export function showInstitutions(institutions, set) {
  const list = byId('institutions');
  const same = institutions.map((one) => one.id).join() === before;
  if (!same) {
    before = institutions.map((one) => one.id).join();
    list.replaceChildren(...institutions.map((one) => entry(one, set)));
  }
  institutions.forEach((one, at) => update(list.children[at], one));
}

function entry(one, set) {
  const choices = FAULTS.map((fault) =>
    el('label', {},
      el('input', {
        type: 'radio',
        name: `fault-${one.id}`,
        value: fault,
        on: {
          change: () => {
            byId('fault-says').textContent = text(`fault.${fault}.says`, { name: one.name });
            set(one.id, fault);
          },
        },
      }),
      el('span', {}, text(`fault.${fault}`))));
  return el('li', { class: 'outside' },
    el('span', { class: 'state' }),
    el('b', {}, one.name),
    el('span', { class: 'quiet small' }, one.role ?? ''),
    el('span', { class: 'recent' }),
    el('fieldset', { class: 'switch' }, el('legend', { class: 'hide' }, text('faults.legend', { name: one.name })), choices));
}

function update(node, one) {
  node.querySelector('.state').replaceChildren(
    mark(MARKS[one.fault] ?? 'look'),
    el('span', { class: 'hide' }, hasText(`fault.${one.fault}`) ? text(`fault.${one.fault}`) : one.fault));
  node.querySelector('.recent').replaceChildren(bars(one.recent ?? []));
  for (const input of node.querySelectorAll('input')) {
    // A choice that is being made is not taken back by an older answer.
    if (document.activeElement !== input) input.checked = input.value === one.fault;
  }
}

/** The last eight answers: height is time (on a root scale up to five seconds), colour and hatching the state. */
function bars(recent) {
  const last = recent.slice(-8);
  const slowest = Math.max(0, ...last.map((one) => one.elapsed_ms ?? 0));
  const label = last.length ? text('faults.recent', { n: last.length, slowest: elapsedText(slowest) }) : text('faults.recent_none');
  const drawn = last.map((one, at) => {
    const height = Math.max(2, Math.min(14, 14 * Math.sqrt((one.elapsed_ms ?? 0) / 5000)));
    return svg('rect', { x: (8 - last.length + at) * 7, y: 14 - height, width: 5, height, rx: 1, class: `bar-${one.state ?? 'ok'}` });
  });
  return svg('svg', { viewBox: '0 0 54 14', width: 54, height: 14, role: 'img', 'aria-label': label }, drawn);
}
