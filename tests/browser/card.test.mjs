// The card and its issuer: a card that was reported lost, and an issuer that is down while the rest goes on.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { browser, house, until } from './house.mjs';

test('the issuer is down, the account goes on meanwhile, and it ends well when the issuer is back', async (t) => {
  const h = await house(t);
  const phone = await (await browser(t, h)).phone({ holds: 'kim-minsu' });
  const account = (await h.person('kim-minsu')).accounts[0];
  // Not even a token is to be had: whoever asks can be sure that nothing was looked up.
  await h.fault('mois', { fault: 'down', operation: 'token' });
  const opened = await h.open('kim-minsu');
  const walk = await phone.tab(opened.url);
  await walk.toAccount('kim-minsu');
  await walk.says(/행정안전부 답이 늦어요\. 나머지를 먼저/);
  // The issuer is asked again while the person types, and the page stays.
  const number = walk.page.getByLabel('계좌 번호');
  await number.fill(account.number);
  const asked = async () => (await h.desk('GET', '/counts')).calls['mois.token'];
  const before = await asked();
  await h.forward(10);
  await until(async () => (await asked()) > before, 'the issuer to be asked again');
  await sleep(1_500);
  assert.equal(await number.inputValue(), account.number);
  await walk.give(account);
  await walk.typeFromBook(account);
  await walk.at('pause');
  await walk.says('행정안전부 답이 늦어요');
  const waiting = await h.read(opened.id);
  assert.equal(waiting.status, 'waiting');
  assert.equal(waiting.waiting_for, 'issuer');
  assert.ok(waiting.retry_at);
  await h.heal('mois');
  await h.forward(3_600);
  await walk.at('done');
  await h.status(opened.id, 'verified');
  assert.equal(await h.deposits(account), 1);
});

test('a card that was reported lost is told so, and another card goes on', async (t) => {
  const h = await house(t);
  const phone = await (await browser(t, h)).phone({ holds: 'park-doyun' });
  const opened = await h.open('park-doyun');
  const walk = await phone.tab(opened.url);
  await walk.safety();
  await walk.consents();
  await walk.photograph();
  await walk.confirm('park-doyun');
  await walk.at('camera');
  await walk.says(/분실 신고된 신분증이에요/);
  await walk.says('제가 신고하지 않았어요');
  const checks = (await h.read(opened.id)).checks;
  assert.deepEqual(checks.map((c) => [c.check, c.outcome, c.code]), [
    ['deceased_list', 'passed', 'clear'],
    ['account_opening_list', 'passed', 'clear'],
    ['id_document', 'failed', 'lost_reported'],
  ]);
  // The person fetches another one.
  await walk.page.evaluate(() => sessionStorage.setItem('ingam.specimen', '{"person":"kim-minsu"}'));
  await walk.page.reload();
  await walk.press('다른 신분증 찍기');
  await walk.at('check');
  await walk.confirm('kim-minsu');
  await walk.at('account');
});
