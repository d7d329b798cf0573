// The way of whoever has no pointer, and of whoever only hears.

import assert from 'node:assert/strict';
import test from 'node:test';
import { browser, house } from './house.mjs';
import { PERSON } from './tour.mjs';

test('a person with a keyboard alone is verified, and always sees where they are', async (t) => {
  const h = await house(t);
  const phone = await (await browser(t, h)).phone({ holds: PERSON, width: 1280, height: 800 });
  const account = (await h.person(PERSON)).accounts[0];
  const opened = await h.open(PERSON);
  const walk = await phone.tab(opened.url);
  const { keyboard } = walk.page;
  const here = () => walk.page.evaluate(() => {
    const at = document.activeElement;
    const drawn = at.matches('.tile input') ? at.nextElementSibling : at;
    const style = getComputedStyle(drawn);
    const seen = at.matches('code-cells input') || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2);
    return { name: (at.innerText ?? '').trim() || at.name, value: at.value, id: at.id, seen, body: at === document.body };
  });
  /** Presses Tab until the wanted place is reached. */
  const to = async (wanted) => {
    for (let i = 0; i < 80; i += 1) {
      await keyboard.press('Tab');
      const at = await here();
      if (at.body) continue;
      assert.ok(at.seen, `no ring around ${JSON.stringify(at)}`);
      if (wanted(at)) return;
    }
    assert.fail(`no way by Tab: ${wanted}`);
  };
  const press = async (name) => {
    await to((at) => at.name === name);
    await keyboard.press('Enter');
  };
  await walk.at('start');
  await press(walk.words.start);
  await walk.at('safety');
  await press(walk.words.myself);
  await walk.at('consents');
  await press(walk.words.agree);
  await walk.at('camera');
  await press(walk.words.camera);
  await walk.at('check');
  // What was read doubtfully is open; it is typed as it is printed.
  const card = await h.person(PERSON);
  const printed = { name: card.name, resident_number: card.number, issue_date: card.issued };
  for (const [name, value] of Object.entries(printed)) {
    if (await walk.page.locator(`.doubt input[name=${name}]`).count() === 0) continue;
    await to((at) => at.name === name);
    await keyboard.press('Control+A');
    await keyboard.type(value);
  }
  await press(walk.words.right);
  await walk.at('account');
  await to((at) => at.name === 'bank');
  for (let i = 0; (await here()).value !== account.bank; i += 1) {
    assert.ok(i < 100, 'the bank is among the choices');
    await keyboard.press('ArrowDown');
  }
  await keyboard.press('Space');
  await to((at) => at.id === 'account_number');
  await keyboard.type(account.number);
  await press(walk.words.send);
  await walk.at('code');
  await to((at) => at.id === 'code');
  await keyboard.type(await h.code(account));
  await keyboard.press('Enter');
  await walk.at('done');
  await h.status(opened.id, 'verified');
});

test('whoever only hears is led to the check of the card, and hears what was done', async (t) => {
  const h = await house(t);
  const phone = await (await browser(t, h)).phone({ holds: PERSON });
  // What a screen reader says by itself: what changes in live regions, and the title that is focused.
  await phone.context.addInitScript(() => {
    if (!location.protocol.startsWith('http')) return;
    window.heard = JSON.parse(sessionStorage.getItem('heard') ?? '[]');
    const hear = (text) => {
      if (!text.trim()) return;
      window.heard.push([Date.now(), text.trim()]);
      sessionStorage.setItem('heard', JSON.stringify(window.heard));
    };
    addEventListener('DOMContentLoaded', () => {
      hear(document.querySelector('h1')?.textContent ?? '');
      new MutationObserver((changes) => {
        const live = new Set(changes.map(({ target }) => (target.nodeType === 1 ? target : target.parentElement)?.closest('[role=status],[role=alert]')));
        for (const region of live) if (region && region.checkVisibility()) hear(region.textContent);
      }).observe(document.body, { childList: true, characterData: true, subtree: true });
    });
  });
  const walk = await phone.tab((await h.open(PERSON)).url);
  await walk.safety();
  await walk.consents();
  await walk.photograph();
  const heard = await walk.page.evaluate(() => window.heard);
  const said = heard.map(([, text]) => text);
  const order = ['본인 확인을 시작할게요', '시켜서 하고 있나요?', '필요한 동의를 받을게요', '카메라를 켤게요', '찍었어요', '이렇게 읽었어요. 맞나요?'];
  let from = 0;
  for (const text of order) {
    const at = said.findIndex((one, i) => i >= from && one.includes(text));
    assert.ok(at >= 0, `${text} is not heard after ${said.slice(0, from).join(' / ')}: ${said.join(' / ')}`);
    from = at;
  }
});
