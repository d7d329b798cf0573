// Everyone holds another document before the camera; nobody says which, and only what is in doubt is asked.

import assert from 'node:assert/strict';
import test from 'node:test';
import { browser, house } from './house.mjs';

// Person, document, the kind that is found, and the fields that may have to be typed: a passport of Korea names no
// resident number, and look-alikes in a serial code have no check digit.
const SHOWN = [
  ['kim-minsu', 'driver', 'driver', ['serial_code']],
  ['nguyen-linh', 'alien', 'alien', ['name']],
  ['choi-eunji', 'passport', 'passport', ['resident_number', 'name', 'issue_date']],
  ['pak-viktor', 'passport', 'foreign_passport', ['name']],
];

test('a licence, a residence card and passports verify as a resident card does', async (t) => {
  const h = await house(t);
  const b = await browser(t, h);
  for (const [person, document, kind, mayBeTyped] of SHOWN) {
    const phone = await b.phone({ holds: person, scene: { document } });
    const opened = await h.open(`${kind}-1`);
    const walk = await phone.tab(opened.url);
    await walk.safety();
    await walk.consents();
    await walk.photograph();
    const typed = await walk.confirm(person, document);
    assert.deepEqual(typed.filter((field) => !mayBeTyped.includes(field)), [], `${person}: ${typed}`);
    const account = (await h.person(person)).accounts.at(-1);
    await walk.give(account);
    await walk.typeFromBook(account);
    await walk.at('done');
    await h.status(opened.id, 'verified');
    const result = await h.api('GET', `/v1/verifications/${opened.id}/result?reason=test`);
    assert.equal(result.document.kind, kind);
    await phone.context.close();
  }
});
