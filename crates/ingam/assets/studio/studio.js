// The studio: a phone, the calls, the world outside, and the people who can be held before the camera.
//
// This page refuses to know rules: it starts, shows and switches; what happens is decided by the program.
// It belongs to the sandbox and is served by it only. Everything is of the same origin.
//
// ── The contract with the server ─────────────────────────────────────────────────────────────────────────
// Page      GET  /studio                      index.html; its Content-Security-Policy may be
//                                             default-src 'none'; script-src 'self'; style-src 'self';
//                                             img-src 'self' data:; connect-src 'self'; frame-src 'self';
//                                             base-uri 'none'; form-action 'none'; frame-ancestors 'none'
//           GET  /assets/studio/*             these files
//           The hosted page must allow `frame-ancestors 'self'` in the sandbox, and Permissions-Policy
//           must leave `camera` to the same origin.
// Pictures  GET  /studio/people/{id}/portrait.svg, card.png, card.svg, photo.jpg?glare=…&rotation=…
//
// Errors are `application/problem+json` {"code", "detail"} with 4xx or 5xx. Times are RFC 3339.
//
// GET /studio/api/state → 200
//   { "clock":  { "now": "2026-11-23T05:02:00Z", "offset_s": 0 },
//     "api":    { "base_url": "http://127.0.0.1:8700", "key_file": "data/sandbox.json" },
//     "people": [ { "id": "kim-minsu", "name": "김민수", "story": "정상", "fate": "통과",
//                   "fate_state": "good|wait|look|stop",
//                   "documents": ["resident", "driver", "passport"],   the first is held unless another is chosen
//                   "scene": { "glare": "issue_date" } } ],        scene: optional, how the card is held
//     "institutions": [ { "id": "mois", "name": "행정안전부", "role": "주민등록증",
//                         "fault": "none|slow|down|maintenance|lost_answer",
//                         "recent": [ { "elapsed_ms": 120, "state": "ok|wait|stop" } ] } ],  newest last
//     "current": null | { "person", "verification_id", "person_url", "status", "waiting_for": null | "person" } }
//   An unknown fault or state is shown as it is. `people` are in the order of the keys 1 2 … 9 0 - =.
//
// POST /studio/api/start {"person": id} → 200 {"verification_id", "person_url"}
//   Opens a new verification as the institution's program would and makes it `current`; the one before it is
//   left as it is. `person_url` is of this origin.
//
// GET /studio/api/events → text/event-stream, unnamed events, `id:` rising, resumed by Last-Event-ID.
//   On a first connection, and where Last-Event-ID is above the newest (the program began anew), the events of
//   `current` are sent again.
//   { "at", "lane": "institution|outside", "direction": "out|in", "title", "detail", "status", "elapsed_ms",
//     "state": "ok|wait|stop", "body"?: JSON or string, "verification_id"?: string }
//   `direction` is seen from ingam: institution+in is a call of the institution's program (`detail` is then
//   `METHOD /path`), institution+out a webhook (`detail` is its type), outside+out a call to an issuer or bank,
//   outside+in its answer. No personal data in clear: what is shown here is masked by the server.
//
// GET /studio/api/book?person=id → 200
//   { "bank": "국민은행", "account": "99900101001234", "holder": "김민수",
//     "accounts": [ { "bank": "국민은행", "bank_code": "004", "account": "99900101001234" } ],
//     "rows": [ { "at", "memo": "맑은고래", "amount": 1, "balance": 820401, "won": true } ] }   oldest first
//   `won` marks the deposit of 1 won whose memo the person is to type. Numbers are whole, since they have to be
//   typed on the phone; nobody in the catalogue exists.
//
// PUT /studio/api/faults/{institution} {"fault": "none|slow|down|maintenance|lost_answer"} → 200 or 204
// PUT /studio/api/clock {"advance_s": 300} → 200 {"now"} or 204; only forward.
//
// To the framed page: sessionStorage["ingam.specimen"] = {"person", "scene"} before it loads, and
// postMessage({type: "ingam.specimen", person, scene}) each time it has loaded (see specimen-camera.js).
// ─────────────────────────────────────────────────────────────────────────────────────────────────────────

import { byId, el, say, alarm, copy } from './dom.js';
import { loadTexts, text, hasText, clockText } from './texts.js';
import * as api from './api.js';
import { showPhone, showNobody } from './phone.js';
import { Ladder } from './ladder.js';
import { showBook } from './book.js';
import { showInstitutions } from './institutions.js';
import { showPeople, KEYS } from './people.js';
import { openClock } from './clock.js';
import { curl } from './curl.js';

let state = null;
let ladder;
let starting = false;

const currentPerson = () => state?.people.find((person) => person.id === state.current?.person) ?? null;

async function refresh() {
  try {
    state = await api.state();
  } catch (fault) {
    alarm(text('alarm.state', { why: fault.message }));
    return;
  }
  show();
  try {
    showBook(state.current ? await api.book(state.current.person) : null);
  } catch {
    // The book may not exist for every person; the rest of the page does not depend on it.
    showBook(null);
  }
}

/** Many events come at once; the world is read once after them. */
let soon = 0;
function refreshSoon() {
  clearTimeout(soon);
  soon = setTimeout(refresh, 250);
}

function show() {
  showClock();
  showPeople(state.people, state.current?.person, start);
  showInstitutions(state.institutions, setFault);
  const person = currentPerson();
  if (person) {
    showPhone(person, state.current.person_url);
    ladder.follow(state.current.verification_id);
    ladder.now(nowText(state.current), state.current.status);
  } else {
    showNobody(state.people[0], start);
    ladder.follow(null);
  }
}

function showClock() {
  const now = clockText(new Date(state.clock.now));
  byId('clock-now').textContent = now;
  byId('phone-clock').textContent = now;
}

function nowText({ status, waiting_for: who }) {
  if (hasText(`now.${status}`)) return text(`now.${status}`);
  return hasText(`now.${who}`) ? text(`now.${who}`) : text('now.none');
}

/** One click changes a person's fate: a new verification with this person before the camera. */
async function start(id) {
  const person = state?.people.find((one) => one.id === id);
  if (!person || starting) return;
  starting = true;
  document.body.setAttribute('aria-busy', 'true');
  say(text('phone.starting', { name: person.name }));
  try {
    const opened = await api.start(id);
    state.current = { person: id, status: 'created', waiting_for: 'person', ...opened };
    ladder.follow(opened.verification_id);
    alarm(null);
    say('');
    show();
    refreshSoon();
  } catch (fault) {
    alarm(text('alarm.start', { why: fault.message }));
  } finally {
    starting = false;
    document.body.removeAttribute('aria-busy');
  }
}

async function setFault(institution, fault) {
  try {
    await api.setFault(institution, fault);
    alarm(null);
  } catch (fault) {
    alarm(text('alarm.fault', { why: fault.message }));
  }
  refreshSoon();
}

async function moveClock(seconds) {
  try {
    await api.moveClock(seconds);
    state = await api.state();
    show();
    say(text('clock.moved', { time: clockText(new Date(state.clock.now)) }));
    alarm(null);
  } catch (fault) {
    alarm(text('alarm.clock', { why: fault.message }));
  }
}

async function copyCall() {
  const call = state && curl(ladder.chosenCall(), state);
  if (!call) return say(text('copy.nothing'));
  say(text((await copy(call.command)) ? 'copy.done' : 'copy.failed', { what: call.what }));
}

const restart = () => state?.current && start(state.current.person);
const clock = () => state && openClock(state.clock.now, moveClock);
const help = () => byId('help').open || byId('help').showModal();

function onKey(event) {
  const typing = event.target instanceof Element && event.target.closest('input:not([type=radio]), textarea, select, [contenteditable]');
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector('dialog[open]')) return;
  const act = { t: clock, c: copyCall, x: restart, '?': help }[event.key.toLowerCase()];
  const who = state?.people[KEYS.indexOf(event.key)];
  if (act) act();
  else if (KEYS.includes(event.key) && who) start(who.id);
  else return;
  event.preventDefault();
}

function showKeys() {
  const rows = [[KEYS, 'people'], [['t'], 'clock'], [['c'], 'copy'], [['x'], 'restart'], [['↑', '↓'], 'rows'], [['?'], 'help']];
  const line = ([keys, name]) => [
    el('dt', {}, ...keys.map((key) => el('kbd', {}, key))),
    el('dd', {}, text(`keys.${name}`)),
  ];
  byId('keys').replaceChildren(...rows.flatMap(line));
}

async function main() {
  await loadTexts();
  ladder = new Ladder();
  byId('clock-open').addEventListener('click', clock);
  byId('copy-call').addEventListener('click', copyCall);
  byId('restart').addEventListener('click', restart);
  byId('help-open').addEventListener('click', help);
  document.addEventListener('keydown', onKey);
  byId('line').textContent = text('line.lost');
  showKeys();
  await refresh();
  api.listen({
    event: (one, id) => {
      ladder.add(one, id);
      refreshSoon();
    },
    connected: (well) => {
      byId('line').hidden = well;
      // The server may have started anew while we were apart.
      if (!well) return;
      alarm(null);
      refreshSoon();
    },
  });
  // The clock goes on without any event.
  setInterval(() => document.visibilityState === 'visible' && refresh(), 15000);
}

main();
