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

test('a person reads English to the end, looks at Korean in between, and the choice is remembered', async (t) => {
  const h = await house(t);
  const phone = await (await browser(t, h)).phone({ holds: PERSON, language: 'en' });
  const account = (await h.person(PERSON)).accounts[0];
  const opened = await h.open(PERSON);
  const walk = await phone.tab(opened.url);
  const language = () => walk.page.evaluate(() => document.documentElement.lang);
  await walk.safety();
  assert.equal(await language(), 'en');
  // The Korean text of a consent is one tap away, and says that it prevails.
  const original = walk.page.locator('details', { hasText: 'Korean original' }).first();
  await original.locator('summary').click();
  assert.match(await original.locator('[lang=ko]').innerText(), /수집하는 항목/);
  await walk.says('The Korean text prevails.');
  await walk.consents();
  await walk.photograph();
  await walk.confirm(PERSON);
  await walk.at('account');
  // The choice beats what the browser asks for, also on another day.
  await walk.page.getByRole('link', { name: '한국어' }).click();
  await walk.says('1원을 받을 내 계좌를');
  assert.equal(await language(), 'ko');
  await walk.page.goto(opened.url);
  await walk.says('1원을 받을 내 계좌를');
  await walk.page.getByRole('link', { name: 'English' }).click();
  await walk.says('shall get 1 won?');
  await walk.give(account);
  await walk.typeFromBook(account);
  await walk.at('done');
  assert.match(await walk.page.locator('h1').innerText(), /all done$/);
  await h.status(opened.id, 'verified');
});

test('the simple view is one tap away, larger, remembered, and nothing of it is cut off on a small screen', async (t) => {
  const h = await house(t);
  const phone = await (await browser(t, h)).phone({ holds: PERSON, width: 320, height: 568 });
  const opened = await h.open(PERSON);
  const walk = await phone.tab(opened.url);
  await walk.at('start');
  const title = () => walk.page.evaluate(() => parseFloat(getComputedStyle(document.querySelector('h1')).fontSize));
  const before = await title();
  await walk.page.getByRole('link', { name: '쉬운 화면' }).click();
  await walk.page.waitForSelector('html[data-view=simple]', { state: 'attached' });
  assert.ok((await title()) > before);
  const fits = async () => {
    const [width, room] = await walk.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(width <= room, `${width} px in ${room}`);
  };
  await fits();
  await walk.safety();
  await fits();
  await walk.consents();
  await fits();
  await walk.photograph();
  await fits();
  await walk.confirm(PERSON);
  await walk.at('account');
  await fits();
  await walk.page.getByRole('link', { name: '보통 화면' }).click();
  await walk.page.waitForSelector('html:not([data-view])', { state: 'attached' });
  await walk.at('account');
});
