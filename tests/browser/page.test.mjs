// The page itself: closed and opened again, on another phone, withdrawn by the institution, without a network.

import assert from 'node:assert/strict';
import test from 'node:test';
import { browser, house } from './house.mjs';

const PERSON = 'kim-minsu';

test('the page is closed and opened again at each step, and taken over by another phone', async (t) => {
  const h = await house(t);
  const b = await browser(t, h);
  const phone = await b.phone({ holds: PERSON });
  const account = (await h.person(PERSON)).accounts[0];
  const opened = await h.open(PERSON);
  let walk = await phone.tab(opened.url);
  const again = async (screen) => {
    await walk.at(screen);
    await walk.page.close();
    walk = await phone.tab(opened.url);
    await walk.at(screen);
    await walk.page.reload();
    await walk.at(screen);
  };
  await again('start');
  await walk.safety();
  await again('consents');
  await walk.consents();
  await again('camera');
  await walk.photograph();
  await again('check');
  await walk.confirm(PERSON);
  await again('account');
  await walk.give(account);
  await again('code');

  const other = await b.phone({ holds: PERSON });
  const there = await other.tab(opened.url);
  await there.at('elsewhere');
  await there.page.locator('footer.act form button').first().click();
  await there.at('code');
  // The first phone notices by itself, and can't act any more.
  await walk.at('elsewhere');
  await there.typeFromBook(account);
  await there.at('done');
  await h.status(opened.id, 'verified');
  assert.equal(await h.deposits(account), 1);
  walk = await phone.tab(opened.url);
  await walk.at('done');
});

test('the institution withdraws the request, and the open page says so by itself', async (t) => {
  const h = await house(t);
  const phone = await (await browser(t, h)).phone({ holds: PERSON });
  const opened = await h.open(PERSON);
  const walk = await phone.tab(opened.url);
  await walk.safety();
  await walk.consents();
  await h.api('POST', `/v1/verifications/${opened.id}/cancel`);
  await walk.at('cancelled');
  assert.equal((await h.read(opened.id)).status, 'cancelled');
  await walk.page.reload();
  await walk.at('cancelled');
});

test('the network goes while the picture is sent, and the picture goes when it is back', async (t) => {
  const h = await house(t);
  const phone = await (await browser(t, h)).phone({ holds: PERSON });
  const opened = await h.open(PERSON);
  const walk = await phone.tab(opened.url);
  await walk.safety();
  await walk.consents();
  await walk.press('카메라 켜기');
  await walk.page.locator('video').waitFor();
  await phone.cut(true);
  await walk.page.locator('card-camera[data-busy]').waitFor();
  await walk.says(/인터넷이 끊겼어요\. 연결되면 저절로 이어져요/);
  assert.equal((await h.read(opened.id)).next, 'picture');
  await phone.cut(false);
  await walk.at('check');
  await walk.confirm(PERSON);
  await walk.at('account');
});
