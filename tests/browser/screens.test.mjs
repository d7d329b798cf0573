// Each screen of the page under the rules of accessibility that a machine can check, light and dark, and with small screens,
// large type and long words: nothing is cut off, nothing needs two ways of scrolling, and the one button can be pressed.
//
// INGAM_JOURNEYS=all goes through both languages in both views; else each is gone through once.

import assert from 'node:assert/strict';
import test from 'node:test';
import { serious } from './axe.mjs';
import { browser, house } from './house.mjs';
import { tour } from './tour.mjs';

const WIDTH = 320;
const HEIGHT = 568;

/** What does not fit on the page as it stands. */
function tooWide() {
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push(`the page is ${document.documentElement.scrollWidth} px wide`);
  for (const element of document.querySelectorAll('main *, header *, footer *, nav *')) {
    const { left, right, width, height } = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    // What only a screen reader hears is cut off on purpose, and pictures fit themselves.
    if (!width || !height || element.closest('.sr, svg, video, canvas, .view, .tile input')) continue;
    if (left < -1 || right > innerWidth + 1) found.push(`${element.tagName} ${element.className} reaches ${Math.round(right)} px`);
    const cut = style.overflowX !== 'visible' && element.scrollWidth > element.clientWidth + 1;
    if (cut && !element.matches('input')) found.push(`${element.tagName} ${element.className} is cut off`);
  }
  const button = document.querySelector('footer .btn:not([hidden])');
  if (button) {
    button.scrollIntoView({ block: 'center' });
    const { left, top, width, height } = button.getBoundingClientRect();
    const hit = document.elementFromPoint(left + width / 2, top + height / 2);
    if (!button.contains(hit)) found.push(`the button lies under ${hit?.tagName} ${hit?.className}`);
  }
  return found.slice(0, 5);
}

/** Texts 40 % longer than ours, as those of other languages are. */
function lengthen() {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const text = node.data.trim();
    if (text) node.data += ` ${[...text].slice(0, Math.ceil([...text].length * 0.4)).join('')}`;
  }
}

async function look(walk, screen) {
  const { page } = walk;
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    assert.deepEqual(await serious(page), [], `${screen}, ${colorScheme}`);
  }
  // A screen that still comes in lies under its own picture.
  await page.waitForFunction(() => document.getAnimations().every((one) => one.playState !== 'running'));
  const fits = async (how) => assert.deepEqual(await page.evaluate(tooWide), [], `${screen}, ${how}`);
  await fits('as it is');
  // A browser's zoom of 200 % leaves half the room for the page.
  await page.setViewportSize({ width: WIDTH / 2, height: HEIGHT / 2 });
  await fits('at 200 %');
  await page.setViewportSize({ width: WIDTH, height: HEIGHT });
  await page.evaluate(lengthen);
  await fits('40 % longer');
  // What was changed goes, before anybody goes on from here.
  await page.goto(page.url());
  await walk.at(screen);
}

const ALL = [['ko', 'normal'], ['en', 'simple'], ['en', 'normal'], ['ko', 'simple']];
const WAYS = process.env.INGAM_JOURNEYS === 'all' ? ALL : ALL.slice(0, 2);
for (const [language, view] of WAYS) {
  test(`every screen can be used by everybody: ${language}, ${view}`, async (t) => {
    await tour(t, await house(t), { language, view, width: WIDTH, height: HEIGHT }, look);
  });
}

test('rules that find nothing prove nothing: what is wrong is found', async (t) => {
  const h = await house(t);
  const phone = await (await browser(t, h)).phone();
  const walk = await phone.tab((await h.open('wrong')).url);
  await walk.at('start');
  await walk.page.evaluate(() => {
    document.querySelector('footer a').textContent = '';
    document.querySelector('.help').className = 'faint';
    document.querySelector('.faint').style.color = '#bbb';
  });
  const found = (await serious(walk.page)).map((one) => one.split(':')[0]).sort();
  assert.deepEqual(found, ['color-contrast', 'link-name']);
});

test('measures that find nothing prove nothing: what is cut off, too wide or covered is found', async (t) => {
  const h = await house(t);
  const phone = await (await browser(t, h)).phone({ width: WIDTH, height: HEIGHT });
  const walk = await phone.tab((await h.open('wrong')).url);
  await walk.at('start');
  const after = async (change) => {
    await walk.page.reload();
    await walk.page.evaluate(change);
    return walk.page.evaluate(tooWide);
  };
  assert.deepEqual(await after(() => {}), []);
  assert.match((await after(() => { document.querySelector('h1').style.whiteSpace = 'nowrap'; document.querySelector('h1').textContent += 'x'.repeat(60); }))[0], /px wide/);
  assert.match((await after(() => { const { style } = document.querySelector('.help'); style.height = '1rem'; style.width = '2rem'; style.overflow = 'hidden'; style.whiteSpace = 'nowrap'; })).join(), /cut off/);
  assert.match((await after(() => { const cover = document.createElement('p'); Object.assign(cover.style, { position: 'fixed', inset: '0', zIndex: 9 }); document.body.append(cover); })).join(), /lies under P/);
});
