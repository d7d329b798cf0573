// The phone at the left: the real hosted page in a frame, a specimen before its camera.

import { byId, el } from './dom.js';
import { text } from './texts.js';

const empty = byId('empty');
const begin = byId('begin');
let shown = null;
let frame = null;
let held = null;

/** Shows the page of a verification; the same address is not loaded twice. */
export function showPhone(person, url) {
  if (held?.person !== person.id) held = { person: person.id, scene: { ...person.scene } };
  showDocuments(person.documents ?? []);
  const address = new URL(url, location.href);
  byId('phone-who').textContent = text('phone.who', { name: person.name });
  byId('phone-host').textContent = address.host;
  const link = byId('phone-link');
  link.href = address.href;
  link.hidden = false;
  if (shown === address.href) return;
  shown = address.href;
  keep();
  frame = el('iframe', {
    src: address.href,
    title: text('phone.frame', { name: person.name }),
    allow: 'camera',
    on: { load: tell },
  });
  byId('screen').replaceChildren(frame);
}

/** Nobody is before the camera: not yet, or no more since the program began anew. */
export function showNobody(first, start) {
  shown = frame = held = null;
  byId('phone-who').textContent = byId('phone-host').textContent = '';
  byId('phone-link').hidden = byId('held').hidden = true;
  if (!empty.isConnected) byId('screen').replaceChildren(empty);
  if (!first) return;
  begin.textContent = text('phone.begin', { name: first.name });
  begin.hidden = false;
  begin.onclick = () => start(first.id);
}

/** A choice where the person has several documents; drawn anew only for another person, so that the focus stays. */
function showDocuments(documents) {
  const box = byId('held');
  box.hidden = documents.length < 2;
  if (box.dataset.person === held.person) return;
  box.dataset.person = held.person;
  box.replaceChildren(el('legend', { class: 'hide' }, text('phone.held')), ...documents.map((document, at) =>
    el('label', {},
      el('input', { type: 'radio', name: 'held', value: document, checked: at === 0, on: { change: () => hold(document) } }),
      el('span', {}, text(`phone.held.${document}`)))));
}

function hold(document) {
  held.scene = { ...held.scene, document };
  keep();
  tell();
}

/** A frame of the same origin shares this tab's session storage, so the choice is there before its first script. */
function keep() {
  sessionStorage.setItem('ingam.specimen', JSON.stringify(held));
}

function tell() {
  frame?.contentWindow?.postMessage({ type: 'ingam.specimen', ...held }, location.origin);
}
