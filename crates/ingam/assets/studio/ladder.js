// The calls as a ladder: institution's program, ingam, outside. Time runs down.
// A list in the page, so that it can be read aloud and walked with the keys; only the arrow is a drawing.

import { byId, el, mark, svg } from './dom.js';
import { elapsedText, text } from './texts.js';

/** More than any verification makes; the oldest leave first. */
const MOST = 200;
/** Middle of the three rails in the drawing, 184 wide; the style sheet draws the rails themselves. */
const RAIL = { institution: 24, ingam: 92, outside: 160 };

export class Ladder {
  #list = byId('ladder');
  #rows = [];
  #seen = new Set();
  #verification = null;
  #first = null;
  #chosen = null;
  #picked = false;
  #now = el('li', { class: 'now rung' });

  constructor() {
    this.#list.addEventListener('keydown', (event) => this.#walk(event));
    this.#clear();
  }

  /** Shows the calls of this verification only. */
  follow(verification) {
    if (verification === this.#verification) return;
    // Rows that came for it before we were told stay.
    const early = this.#rows.filter((row) => row.one.verification_id === verification);
    this.#verification = verification;
    this.#clear();
    for (const { one, once } of early) {
      this.#seen.add(once);
      this.#put(one, once);
    }
  }

  add(one, id) {
    // Ids begin anew with the program, so they tell a repeat only together with the rest.
    const once = `${id} ${one.at} ${one.title}`;
    if (this.#seen.has(once)) return;
    this.#seen.add(once);
    if (one.verification_id && this.#verification && one.verification_id !== this.#verification) {
      // It may be the first call of a verification whose start has not been answered yet.
      this.#keep({ one, once, node: null });
      return;
    }
    this.#put(one, once);
  }

  /** The last line: whose turn it is. */
  now(words, status) {
    const state = { verified: 'good', refused: 'stop', expired: 'stop', cancelled: 'stop' }[status] ?? 'wait';
    this.#now.dataset.state = state;
    this.#now.replaceChildren(
      el('b', { class: 'num' }, text('calls.now')),
      el('span', { class: 'rails' }),
      el('span', { class: 'what' }, mark(state), ' ', words),
    );
  }

  /** The call whose curl is wanted: the chosen row, else the last call of the institution's program. */
  chosenCall() {
    const isCall = (row) => row?.node && row.one.lane === 'institution' && row.one.direction === 'in';
    if (this.#picked && isCall(this.#chosen)) return this.#chosen.one;
    return this.#rows.filter(isCall).at(-1)?.one ?? null;
  }

  #clear() {
    this.#rows = [];
    this.#seen.clear();
    this.#first = null;
    this.#chosen = null;
    this.#picked = false;
    this.#list.replaceChildren(this.#verification ? this.#now : el('li', { class: 'quiet none' }, text('calls.empty')));
    this.#showBody();
  }

  #keep(row) {
    this.#rows.push(row);
    while (this.#rows.length > MOST) this.#rows.shift().node?.remove();
  }

  #put(one, once) {
    const at = Date.parse(one.at);
    this.#first ??= at;
    const row = { one, once };
    row.node = this.#draw(one, at - this.#first);
    row.node.querySelector('button').addEventListener('click', () => {
      this.#picked = true;
      this.#choose(row);
    });
    const atEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 80;
    this.#keep(row);
    this.#list.querySelector('.none')?.remove();
    if (!this.#now.isConnected) this.#list.append(this.#now);
    this.#now.before(row.node);
    if (one.body !== undefined && !this.#picked) this.#choose(row);
    // Whoever has scrolled up to read stays where they are.
    if (atEnd) this.#list.scrollTop = this.#list.scrollHeight;
  }

  #draw(one, after) {
    const way = `${one.lane}.${one.direction}`;
    const known = ['institution.in', 'institution.out', 'outside.in', 'outside.out'].includes(way) ? way : 'outside.in';
    const state = { wait: 'wait', stop: 'stop' }[one.state];
    const right = [one.status, Number.isFinite(one.elapsed_ms) && elapsedText(one.elapsed_ms)].filter(Boolean).join(' · ');
    return el('li', { 'data-way': known, 'data-state': state },
      el('button', { type: 'button', class: 'rung', tabindex: -1 },
        el('span', { class: 'num quiet' }, sinceText(after)),
        el('span', { class: 'rails' }, arrow(known)),
        el('span', { class: 'what' },
          el('span', { class: 'hide' }, text(`calls.way.${known}`), ': '),
          el('b', {}, state && mark(state), state && el('span', { class: 'hide' }, text(`calls.state.${state}`), ' '), one.title ?? ''),
          el('code', {}, one.detail ?? ''),
          el('span', { class: 'num quiet right' }, right))));
  }

  #choose(row) {
    this.#chosen?.node?.removeAttribute('aria-current');
    this.#chosen = row;
    row.node.setAttribute('aria-current', 'true');
    this.#showBody();
  }

  #showBody() {
    const one = this.#chosen?.one;
    byId('body-title').textContent = one?.title ?? text('body.none');
    byId('body-what').textContent = one?.detail ?? '';
    const body = one?.body;
    byId('body-text').textContent =
      body === undefined || body === null ? text('body.empty') : typeof body === 'string' ? body : JSON.stringify(body, null, 2);
  }

  #walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
    const rows = this.#rows.filter((row) => row.node);
    if (!step || rows.length === 0) return;
    const at = rows.indexOf(this.#chosen);
    const row = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? rows.length - 1 : at + step))];
    this.#picked = true;
    this.#choose(row);
    row.node.scrollIntoView({ block: 'nearest' });
    event.preventDefault();
  }
}

function arrow(way) {
  const [from, to] = {
    'institution.in': [RAIL.institution, RAIL.ingam],
    'institution.out': [RAIL.ingam, RAIL.institution],
    'outside.out': [RAIL.ingam, RAIL.outside],
    'outside.in': [RAIL.outside, RAIL.ingam],
  }[way];
  const side = Math.sign(to - from);
  const tip = to - side * 7;
  return svg('svg', { viewBox: '0 0 184 20', width: 184, height: 20, 'aria-hidden': 'true', class: 'arrow' },
    svg('path', { class: 'shaft', d: `M${from + side * 6} 10H${tip - side * 6}` }),
    svg('path', { class: 'tip', d: `M${tip} 10l${-side * 9}-5v10z` }),
    svg('circle', { class: 'dot', cx: from, cy: 10, r: 4.5 }),
    svg('circle', { class: 'dot', cx: to, cy: 10, r: 4.5 }));
}

/** Time since the first call: `36.5`, after ten minutes `12:05`, after a day `1d 02:10`. */
function sinceText(ms) {
  const s = Math.max(0, ms) / 1000;
  const two = (n) => String(Math.floor(n)).padStart(2, '0');
  if (s < 600) return s.toFixed(1).padStart(4, '0');
  if (s < 3600) return `${two(s / 60)}:${two(s % 60)}`;
  const clock = `${two((s / 3600) % 24)}:${two((s / 60) % 60)}`;
  return s < 86400 ? `${clock}h` : `${Math.floor(s / 86400)}d ${clock}`;
}
