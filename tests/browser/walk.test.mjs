// The whole way in a real browser, with a moving picture before its camera.

import assert from 'node:assert/strict';
import test from 'node:test';
import { browser, house, until } from './house.mjs';

test('a person holds a card before the camera and is verified', async (t) => {
  const h = await house(t);
  const b = await browser(t, h, { film: await h.film('kim-minsu') });
  const phone = await b.phone();
  const account = (await h.person('kim-minsu')).accounts[0];
  const opened = await h.open('application-1');
  assert.equal(opened.status, 'created');

  const walk = await phone.tab(opened.url);
  await walk.safety();
  await walk.consents();
  await walk.press('카메라 켜기');
  // The browser's own camera, not the drawn one.
  await until(() => walk.page.evaluate(() => document.querySelector('video')?.videoWidth), 'a picture');
  assert.equal(await walk.page.evaluate(() => document.documentElement.dataset.camera), '');
  await walk.at('check');
  await walk.confirm('kim-minsu');
  await walk.give(account);
  await walk.typeFromBook(account);
  await walk.at('done');
  await walk.says('확인을 마쳤어요');
  assert.match(await walk.page.locator('h1').innerText(), /^김\*수 님,/);

  const ended = await h.status(opened.id, 'verified');
  assert.deepEqual(ended.methods.map((m) => [m.method, m.met]), [['id_document', true], ['existing_account', true]]);
  const result = await h.api('GET', `/v1/verifications/${opened.id}/result?reason=test`);
  assert.equal(result.name, '김민수');
  assert.equal(result.birth_date, '1990-04-15');
  await until(async () => (await h.told(opened.id)).includes('verification.verified'), 'the webhook');
  assert.equal(await h.deposits(account), 1);
});
