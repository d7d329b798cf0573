// The studio: one click holds a person before the camera of the real page, and everything that happens is seen.

import assert from 'node:assert/strict';
import test from 'node:test';
import { browser, house } from './house.mjs';

test('one click starts a person, the calls are seen, and the bank book holds the code', async (t) => {
  const h = await house(t);
  const phone = await (await browser(t, h)).phone({ width: 1440, height: 960 });
  const { page } = await phone.tab('/');
  assert.equal(new URL(page.url()).pathname, '/studio');
  await page.getByRole('button', { name: /^김민수: / }).click();
  const frame = page.frameLocator('iframe');
  await frame.getByRole('link', { name: '시작하기' }).click();
  await frame.getByRole('button', { name: '아니요, 제가 하는 거예요' }).click();
  await frame.getByRole('button', { name: '필수 항목에 동의하고 계속' }).click();
  // Whatever the person owns can be held before the camera.
  await page.getByRole('radio', { name: '운전면허증' }).check({ force: true });
  await frame.getByRole('button', { name: '카메라 켜기' }).click();
  await frame.getByRole('button', { name: '네, 맞아요' }).click();
  const account = (await h.person('kim-minsu')).accounts[0];
  await frame.locator(`input[name=bank][value="${account.bank}"]`).check({ force: true });
  await frame.getByLabel('계좌 번호').fill(account.number);
  await frame.getByRole('button', { name: '1원 보내기' }).click();
  const code = await page.locator('.ring').innerText();
  await frame.locator('#code').fill(code);
  await frame.getByRole('button', { name: '이 글자가 맞아요' }).click();
  await frame.getByText('확인을 마쳤어요').waitFor();
  const { current } = await (await fetch(`${h.base}/studio/api/state`)).json();
  const result = await h.api('GET', `/v1/verifications/${current.verification_id}/result?reason=test`);
  assert.equal(result.document.kind, 'driver');
  for (const call of ['확인을 열어요', '진위 묻기', '1원 보내기', '알림: 확인을 마쳤어요', '결과를 읽어요']) {
    await page.locator('.rung', { hasText: call }).first().waitFor();
  }
  await page.getByText('확인을 마쳤어요', { exact: true }).last().waitFor();

  // A click changes the fate: the bank's answer gets lost.
  await page.locator('.outside', { hasText: '금융결제원' }).getByLabel('답 유실').check({ force: true });
  await page.keyboard.press('3');
  await page.locator('.rung', { hasText: '확인을 열어요' }).waitFor();
  await frame.getByRole('link', { name: '시작하기' }).waitFor();
  const state = await (await fetch(`${h.base}/studio/api/state`)).json();
  assert.equal(state.current.person, 'park-doyun');
  assert.equal(state.institutions.find((one) => one.id === 'kftc').fault, 'lost_answer');
});
