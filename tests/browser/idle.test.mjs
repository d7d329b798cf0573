// Who goes away leaves nothing readable behind, and loses nothing.

import assert from 'node:assert/strict';
import test from 'node:test';
import { serious } from './axe.mjs';
import { browser, house } from './house.mjs';

test('a screen that nobody touches asks after eight minutes, is covered after ten, and goes on at a touch', async (t) => {
  const h = await house(t);
  const b = await browser(t, h);
  const phone = await b.phone({ holds: 'kim-minsu' });
  const opened = await h.open('idle');
  const walk = await phone.tab(opened.url);
  await walk.safety();
  await walk.consents();
  await walk.photograph();
  const { page } = walk;
  await page.clock.install();
  await page.reload();
  await walk.at('check');
  const asked = page.getByRole('alertdialog', { name: /아직 계신가요/ });
  const name = page.locator('main h1');
  await page.clock.fastForward('07:50');
  assert.equal(await asked.isVisible(), false);
  // A key is somebody who is there.
  await page.keyboard.press('Tab');
  await page.clock.fastForward('07:50');
  assert.equal(await asked.isVisible(), false);
  await page.clock.fastForward('00:20');
  await asked.waitFor();
  assert.equal(await name.isVisible(), true, 'covered only later');
  assert.deepEqual(await serious(page), []);
  await page.clock.fastForward('02:00');
  assert.equal(await name.isVisible(), false, 'nothing of the person is readable');
  await walk.press('계속하기');
  assert.equal(await name.isVisible(), true);
  assert.equal(await asked.isVisible(), false);
  assert.equal((await h.read(opened.id)).next, 'confirm', 'nothing is lost');
});
