// Windows inside other apps, where the camera does not open, and devices that have none: each leads on, and the page that
// was left follows along.

import assert from 'node:assert/strict';
import test from 'node:test';
import { serious } from './axe.mjs';
import { browser, house } from './house.mjs';

const ANDROID = 'Mozilla/5.0 (Linux; Android 14; SM-S921N; wv) AppleWebKit/537.36 Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36';
const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148';

/** As such windows do: whoever asks for the camera is refused. */
const NO_CAMERA = () => {
  const refused = () => Promise.reject(new DOMException('no camera in here', 'NotAllowedError'));
  if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = refused;
};

test('KakaoTalk, NAVER, a bank\'s app and an iPhone\'s window lead out into a browser', async (t) => {
  const h = await house(t);
  const b = await browser(t, h);
  const apps = [
    [`${ANDROID};KAKAOTALK 2410400`, (to) => new URL(to).searchParams.get('url'), 'kakaotalk:'],
    [`${ANDROID} NAVER(inapp; search; 1000; 12.7.2)`, (to) => `http://${to.slice(9).split('#')[0]}`, 'intent:'],
    [`${ANDROID} SaesolBank/3.1`, (to) => `http://${to.slice(9).split('#')[0]}`, 'intent:'],
    [`${IPHONE} NAVER(inapp; search; 1000; 12.7.2)`, null, null],
  ];
  for (const [agent, address, scheme] of apps) {
    const inside = await b.phone({ agent, camera: false });
    await inside.context.addInitScript(NO_CAMERA);
    const opened = await h.open('in-app');
    const walk = await inside.tab(opened.url);
    await walk.safety();
    await walk.consents();
    await walk.press('카메라 켜기');
    await walk.says('이 창에서는 카메라를 쓸 수 없어요');
    assert.deepEqual(await serious(walk.page), [], agent);
    if (!address) {
      // Nothing leads out of an app on an iPhone: the address is there to be copied.
      assert.equal(await walk.page.getByRole('link', { name: '브라우저로 열기' }).count(), 0);
      assert.equal(await walk.page.getByLabel('이어서 할 주소').inputValue(), opened.url);
      await walk.press('주소 복사하기');
      await walk.says('복사했어요');
      continue;
    }
    const out = walk.page.getByRole('link', { name: '브라우저로 열기' });
    const answer = await inside.context.request.get(h.base + await out.getAttribute('href'), { maxRedirects: 0 });
    assert.equal(answer.status(), 303);
    const to = answer.headers().location;
    assert.ok(to.startsWith(scheme), to);
    // The browser goes on at the same step, without a question; the window that was left says where it goes on.
    const real = await b.phone({ holds: 'kim-minsu' });
    const there = await real.tab(address(to));
    await there.at('camera');
    await walk.at('elsewhere');
    await there.photograph();
    await inside.context.close();
    await real.context.close();
  }
});

test('a computer without a camera shows a code for the phone, and follows along to the end', async (t) => {
  const h = await house(t);
  const b = await browser(t, h);
  const desk = await b.phone({ width: 1280, height: 800 });
  await desk.context.addInitScript(() => {
    if (navigator.mediaDevices) navigator.mediaDevices.enumerateDevices = async () => [];
    // The sandbox's specimen camera would stand in.
    const real = () => document.documentElement.removeAttribute('data-specimen-camera');
    document.addEventListener('readystatechange', real);
  });
  const opened = await h.open('desk');
  const walk = await desk.tab(opened.url);
  await walk.safety();
  await walk.consents();
  await walk.says('이 기기에는 카메라가 없어요');
  await walk.page.getByRole('img', { name: '휴대폰에서 이어서 하는 QR 코드' }).waitFor();
  assert.deepEqual(await serious(walk.page), []);
  const phone = await b.phone({ holds: 'kim-minsu' });
  const there = await phone.tab(opened.url);
  await there.at('elsewhere');
  await there.press('여기서 이어서 하기');
  await there.at('camera');
  await walk.at('elsewhere');
  await there.photograph();
  await there.confirm('kim-minsu');
  const account = (await h.person('kim-minsu')).accounts.at(-1);
  await there.give(account);
  await there.typeFromBook(account);
  await there.at('done');
  await walk.at('done');
});
