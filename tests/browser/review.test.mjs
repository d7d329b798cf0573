// The names on ID and account differ a little, and the person has no other account: a reviewer looks, and the page that
// waits goes on by itself.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import test from 'node:test';
import { serious } from './axe.mjs';
import { browser, house } from './house.mjs';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** What the authenticator app shows (RFC 6238). */
function totp(secret) {
  const bits = [...secret].map((c) => BASE32.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac('sha1', key).update(step).digest();
  return String((mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** The demo institution's reviewer at the console. */
async function desk(phone, { url, login, password, totp_secret }) {
  const walk = await phone.tab(url);
  await walk.at('sign_in');
  await walk.page.getByLabel('아이디').fill(login);
  await walk.page.getByLabel('비밀번호').fill(password);
  await walk.page.locator('footer button, main button').first().click();
  await walk.at('code');
  await walk.page.locator('#code').fill(totp(totp_secret));
  await walk.page.locator('footer button, main button').first().click();
  await walk.at('home');
  return walk;
}

test('a reviewer takes a similar name for the same person, and the waiting page goes on', async (t) => {
  const h = await house(t);
  const b = await browser(t, h);
  const phone = await b.phone({ holds: 'im-haneul' });
  const opened = await h.open('im-haneul');
  const walk = await phone.tab(opened.url);
  await walk.toAccount('im-haneul');
  const [account] = (await h.person('im-haneul')).accounts;
  await walk.give(account);
  await walk.says('이름이 조금 달라요');
  await walk.press('사람에게 확인받기');
  await walk.at('review');
  const { review, waiting_for } = await h.status(opened.id, 'refused');
  assert.deepEqual([review.status, waiting_for], ['open', 'reviewer']);
  assert.equal(await h.deposits(account), 0);

  const office = await b.phone({ width: 1280, height: 800 });
  const reviewer = await desk(office, h.places.console);
  await reviewer.page.goto(`${h.base}/console/review`);
  await reviewer.at('review');
  assert.deepEqual(await serious(reviewer.page), []);
  await reviewer.page.getByRole('link', { name: /본인 계좌를 확인하지 못했어요/ }).click();
  await reviewer.at('review_case');
  await reviewer.press('내가 맡기');
  await reviewer.says('임*늘');
  assert.deepEqual(await serious(reviewer.page), []);
  await reviewer.press('다 보기');
  await reviewer.says('임하늘(구름공방)');
  await reviewer.page.getByRole('img', { name: /신분증 사진/ }).waitFor();
  const natural = await reviewer.page.locator('img.document').evaluate((img) => img.decode().then(() => img.naturalWidth));
  assert.ok(natural > 300, `a picture of ${natural} points`);
  assert.deepEqual(await serious(reviewer.page), []);
  await reviewer.page.locator('#reason_accepted').selectOption('same_person');
  await reviewer.page.getByLabel(/남길 말/).fill('상호가 뒤에 붙음');
  await reviewer.press('통과로 보기');
  await reviewer.at('review');
  await reviewer.says('정했어요');

  // The same account gets its 1 won; nobody touched the person's page.
  await walk.typeFromBook(account);
  await walk.at('done');
  await h.status(opened.id, 'verified');
  assert.equal(await h.deposits(account), 1);
  const told = await h.told(opened.id);
  for (const type of ['verification.refused', 'verification.review_asked', 'verification.review_decided']) {
    assert.ok(told.includes(type), `${type}: ${told}`);
  }
});
