// A tour of the hosted page: a person's whole way and the screens beside it, each shown to whoever looks.

import { browser } from './house.mjs';

export const PERSON = 'kim-minsu';

/** A policy whose steps are the ones beside card and account. */
async function otherSteps(h) {
  const words = (ko, en) => ({ ko, en });
  const numbers = Array.from({ length: 35 }, (_, i) => String((i + 1) * 101).padStart(4, '0'));
  const medium = await h.api('POST', '/v1/media', { type: 'security_card', numbers });
  const policy = await h.api('POST', '/v1/policies', {
    name: 'other', purpose: '비대면 계좌 만들기',
    steps: [
      {
        step: 'form', title: words('몇 가지만 여쭐게요', 'A few questions first'),
        questions: [
          {
            id: 'purpose', text: words('거래 목적', 'What is the account for?'),
            answer: {
              type: 'choice',
              options: [{ id: 'salary', text: words('급여', 'Salary') }, { id: 'savings', text: words('저축', 'Savings') }],
            },
          },
          { id: 'owner', text: words('실제 주인이신가요?', 'Are you the owner?'), answer: { type: 'yes_no' } },
          { id: 'since', required: false, text: words('언제부터인가요?', 'Since when?'), answer: { type: 'date' } },
          { id: 'job', required: false, text: words('하시는 일', 'Your job'), answer: { type: 'text', max: 20 } },
        ],
      },
      { step: 'device', kinds: ['security_card'] },
      { step: 'id_document', documents: ['resident'] },
    ],
  });
  return h.api('POST', '/v1/verifications', { policy: policy.id, medium: medium.id });
}

/** Goes through the screens in a language and a view, and shows each: `look(walk, screen)`. */
export async function tour(t, h, { language, view, width, height }, look) {
  const phone = await (await browser(t, h)).phone({ holds: PERSON, language, width, height });
  const account = (await h.person(PERSON)).accounts[0];
  const walk = await phone.tab((await h.open(PERSON)).url);
  const start = (there) => there.page.getByRole('link', { name: there.words.start, exact: true }).click();
  const seen = async (there, screen) => {
    await there.at(screen);
    await look(there, screen);
  };
  const path = walk.page.url().split('?')[0];
  await walk.page.goto(`${path}?view=${view}`);
  await seen(walk, 'start');
  await walk.page.goto(`${path}?at=help`);
  await seen(walk, 'help');
  await walk.page.goto(path);
  await start(walk);
  await seen(walk, 'safety');
  await walk.press(walk.words.myself);
  await seen(walk, 'consents');
  await walk.consents();
  await seen(walk, 'camera');
  await walk.photograph();
  await seen(walk, 'check');
  await walk.confirm(PERSON);
  await seen(walk, 'account');
  await walk.give(account);
  await seen(walk, 'code');
  await walk.type('하하하하');
  await walk.page.locator('#wrong').waitFor();
  await seen(walk, 'code');
  await walk.typeFromBook(account);
  await seen(walk, 'done');

  const other = await phone.tab((await otherSteps(h)).url);
  await other.at('start');
  await start(other);
  await other.press(other.words.myself);
  await seen(other, 'form');
  for (const value of ['salary', 'true']) await other.page.locator(`input[value=${value}]`).check();
  await other.page.locator('footer button').click();
  await seen(other, 'device');

  const withdrawn = await h.open('withdrawn');
  const late = await phone.tab(withdrawn.url);
  await late.at('start');
  await h.api('POST', `/v1/verifications/${withdrawn.id}/cancel`);
  await late.page.reload();
  await seen(late, 'cancelled');
  const told = await phone.tab((await h.open('told')).url);
  await told.at('start');
  await start(told);
  await told.at('safety');
  await told.page.locator('button[value=yes]').click();
  await seen(told, 'stopped');
}
