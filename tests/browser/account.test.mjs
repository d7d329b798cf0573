// The account and its 1 won: wrong codes, and an answer that is lost after the money went.

import assert from 'node:assert/strict';
import test from 'node:test';
import { browser, house } from './house.mjs';

const PERSON = 'kim-minsu';

async function atAccount(t) {
  const h = await house(t);
  const phone = await (await browser(t, h)).phone({ holds: PERSON });
  const account = (await h.person(PERSON)).accounts[0];
  const opened = await h.open(PERSON);
  const walk = await phone.tab(opened.url);
  await walk.toAccount(PERSON);
  return { h, walk, account, opened };
}

test('five wrong codes lock the code, and a new 1 won opens the way again', async (t) => {
  const { h, walk, account, opened } = await atAccount(t);
  await walk.give(account);
  await walk.at('code');
  const first = await h.code(account);
  const wrong = [...first].reverse().join('') === first ? '하하하하' : [...first].reverse().join('');
  for (const left of [4, 3, 2, 1]) {
    await walk.type(wrong);
    await walk.says(`글자가 달라요. ${left}번 남았어요.`);
  }
  await walk.type(wrong);
  await walk.at('resend');
  await walk.says('앞의 글자는 이제 쓸 수 없어요.');
  await walk.press('새로 1원 받기');
  await walk.at('code');
  assert.equal(await h.deposits(account), 2);
  const second = await h.code(account);
  if (second !== first) {
    await walk.type(first);
    await walk.says('글자가 달라요. 4번 남았어요.');
  }
  await walk.type(` ${[...second].join(' ')} `);
  await walk.at('done');
  await h.status(opened.id, 'verified');
});

test('an answer that is lost after the money went is asked for, and nothing is sent twice', async (t) => {
  const { h, walk, account, opened } = await atAccount(t);
  await h.fault('kftc', { fault: 'lost_answer', operation: 'deposit', count: 1 });
  await h.fault('kftc', { fault: 'error', operation: 'deposit_result' });
  await walk.give(account);
  await walk.at('pause');
  await walk.says('두 번 보내지 않을게요.');
  assert.equal(await h.deposits(account), 1);
  assert.equal((await h.read(opened.id)).waiting_for, 'bank');
  await h.heal('kftc');
  await h.forward(1_800);
  await walk.typeFromBook(account);
  await walk.at('done');
  await h.status(opened.id, 'verified');
  assert.equal(await h.deposits(account), 1, 'exactly one deposit');
  assert.equal((await h.desk('GET', '/counts')).duplicates_refused, 0);
});
