// The phone is the person's own: a text comes, is typed wrong once, then right, and the account follows.

import assert from 'node:assert/strict';
import test from 'node:test';
import { serious } from './axe.mjs';
import { browser, house, until } from './house.mjs';

/** A policy of the demo institution's with a phone between card and account. */
async function policy(h) {
  const demo = await h.api('GET', `/v1/policies/${h.places.policy_id}`);
  const { steps, ...rest } = demo.policy ?? demo;
  const [card, ...others] = steps;
  const body = { ...rest, steps: [card, { step: 'phone', sends: 3, tries: 3, code_minutes: 3 }, ...others] };
  for (const own of ['id', 'object', 'version', 'created_at', 'versions']) delete body[own];
  return (await h.api('POST', '/v1/policies', body)).id;
}

test('a phone that is somebody else\'s is refused, and the own one confirmed by its text', async (t) => {
  const h = await house(t);
  const b = await browser(t, h);
  const phone = await b.phone({ holds: 'kim-minsu' });
  const opened = await h.api('POST', '/v1/verifications', { policy: await policy(h) });
  const walk = await phone.tab(opened.url);
  const page = walk.page;
  await walk.safety();
  await walk.consents();
  await walk.photograph();
  await walk.confirm('kim-minsu');
  await walk.at('phone');
  assert.deepEqual(await serious(page), []);
  const give = async (telecom, number) => {
    await walk.at('phone');
    await page.locator(`.tile:has(input[value="${telecom}"])`).click();
    await page.getByLabel('휴대폰 번호').fill(number);
    await walk.press('문자 받기');
  };
  const own = (await h.person('kim-minsu')).documents.phone;
  await give('kt', '010-0000-0002');
  await walk.says('신분증과 같은 이름이 아니래요');
  await give(own.telecom, own.number);
  await walk.at('phone_code');
  assert.deepEqual(await serious(page), []);
  const texts = () => h.desk('GET', `/phones/${own.number}/messages`);
  assert.equal((await texts()).length, 1, 'one message');
  const type = async (code) => {
    await page.locator('#code').fill(code);
    await walk.press('이 숫자로 확인하기');
  };
  const { code } = (await texts())[0];
  await type(code === '000000' ? '000001' : '000000');
  await walk.says('숫자가 달라요. 2번 남았어요');
  await type(code);
  const account = (await h.person('kim-minsu')).accounts.at(-1);
  await walk.give(account);
  await walk.typeFromBook(account);
  await walk.at('done');
  const seen = await h.status(opened.id, 'verified');
  assert.equal(seen.methods.find((m) => m.method === 'phone').met, true);
  await until(async () => (await h.told(opened.id)).includes('verification.phone_checked'), 'the webhook');
  assert.equal((await texts()).length, 1, 'nothing was sent again');
});
