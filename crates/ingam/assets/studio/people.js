// The people who can be held before the camera: portrait, story, what will happen.

import { byId, el, mark } from './dom.js';
import { text } from './texts.js';

/** The keys of the first twelve, as they stand side by side on a keyboard. */
export const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '-', '='];

let before = '';

/** Shows everyone; the one before the camera is marked. */
export function showPeople(people, current, start) {
  const list = byId('cast');
  const now = JSON.stringify(people);
  if (now !== before) {
    before = now;
    list.replaceChildren(...people.map((person, at) => el('li', {}, card(person, KEYS[at], start))));
  }
  people.forEach((person, at) => {
    const button = list.children[at].firstElementChild;
    if (person.id === current) button.setAttribute('aria-current', 'true');
    else button.removeAttribute('aria-current');
  });
}

function card(person, key, start) {
  const state = ['good', 'wait', 'look', 'stop'].includes(person.fate_state) ? person.fate_state : 'look';
  const fate = person.fate ?? text(`fate.${state}`);
  return el('button', {
    type: 'button',
    class: 'person',
    'aria-label': text('people.label', { name: person.name, story: person.story, fate }),
    'aria-keyshortcuts': key,
    on: { click: () => start(person.id) },
  },
    el('span', { class: 'face' },
      el('img', { src: `/studio/people/${encodeURIComponent(person.id)}/portrait.svg`, alt: '', width: 96, height: 96, decoding: 'async' }),
      key && el('kbd', { 'aria-hidden': 'true' }, key)),
    el('b', {}, person.name),
    el('span', { class: 'story' }, person.story),
    el('span', { class: `fate ${state}` }, mark(state), fate));
}
