// The bank book of the person before the camera: where the 1 won arrives.

import { byId, copy, el, say } from './dom.js';
import { dayText, text, wonText } from './texts.js';

/** Shows a book, or that there is none. */
export function showBook(book) {
  byId('book-whose').textContent = book ? text('book.whose', book) : '';
  if (!book) return byId('book').replaceChildren(quiet('book.empty'));
  byId('book').replaceChildren(accounts(book), book.rows.length === 0 ? quiet('book.no_rows') : table(book));
}

/** All accounts of the person, each a button that copies its number for the phone. */
function accounts({ accounts: all = [] }) {
  return el('ul', { class: 'accounts' }, all.map((one) => el('li', {},
    el('button', {
      type: 'button',
      class: 'tool num',
      'aria-label': text('book.copy_account', one),
      on: { click: async () => say(text((await copy(one.account)) ? 'book.copied_account' : 'copy.failed', one)) },
    }, `${one.bank} ${one.account}`))));
}

const quiet = (key) => el('p', { class: 'quiet small' }, text(key));

function table(book) {
  const heads = ['date', 'memo', 'amount', 'balance'].map((name) =>
    el('th', { scope: 'col', class: name === 'amount' || name === 'balance' ? 'num' : null }, text(`book.${name}`)));
  return el('table', { class: 'book' },
    el('caption', { class: 'hide' }, text('book.caption', book)),
    el('thead', {}, el('tr', {}, heads)),
    // The last few; what matters has just happened.
    el('tbody', {}, book.rows.slice(-6).map(line)));
}

function line(row) {
  return el('tr', { class: row.won ? 'won' : null },
    el('td', { class: 'quiet' }, dayText(new Date(row.at))),
    el('td', {}, row.won ? ringed(row.memo) : row.memo),
    el('td', { class: 'num' }, wonText(row.amount)),
    el('td', { class: 'num quiet' }, wonText(row.balance)));
}

/** The four characters, as a button that copies them for the phone. */
function ringed(memo) {
  return el('button', {
    type: 'button',
    class: 'ring',
    'aria-label': text('book.copy', { memo }),
    on: { click: async () => say(text((await copy(memo)) ? 'book.copied' : 'copy.failed', { memo })) },
  }, memo);
}
