// Starts the program with its sandbox for one test, and speaks to it as the institution, the sandbox's desk and the
// person's browser do. Every browser is watched: what the console, the content policy or the network says against the
// page fails the test.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';

const PROGRAM = process.env.INGAM_PROGRAM ?? new URL('../../target/debug/ingam', import.meta.url).pathname;
const CHROMIUM = process.env.INGAM_CHROMIUM ?? '/usr/bin/chromium';
/** The longest that a screen may take to come: reading is slow on a busy machine. */
export const PATIENCE_MS = 30_000;

/** Asks until `what` gives something, or fails. */
export async function until(what, why, patience = PATIENCE_MS) {
  const end = performance.now() + patience;
  for (;;) {
    const found = await what();
    if (found) return found;
    if (performance.now() > end) assert.fail(`waited for ${why}`);
    await sleep(50);
  }
}

/** A running program with a fresh store; ends with the test. */
export async function house(t) {
  const dir = await mkdtemp(join(tmpdir(), 'ingam-browser-'));
  const program = spawn(PROGRAM, ['serve', '--sandbox', '--listen', '127.0.0.1:0', '--data', join(dir, 'data')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  program.stderr.on('data', (piece) => { log += piece; });
  let inside;
  t.after(async () => {
    // What a page still asks of a program that is being ended is no fault of the page.
    if (inside) inside.ending = true;
    if (program.exitCode === null) {
      program.kill('SIGTERM');
      const ended = await Promise.race([once(program, 'exit').then(() => true), sleep(20_000, false, { ref: false })]);
      if (!ended) program.kill('SIGKILL');
      assert.ok(ended, 'the program ends when it is asked to');
    }
    await rm(dir, { recursive: true, force: true });
    assert.doesNotMatch(log, / ERROR |panicked/, log);
  });
  const places = await until(async () => {
    assert.equal(program.exitCode, null, log);
    try {
      const file = JSON.parse(await readFile(join(dir, 'data/sandbox.json'), 'utf8'));
      return (await fetch(`${file.base_url}/health/ready`)).ok && file;
    } catch {
      return null;
    }
  }, 'the program to be ready');
  inside = new House(dir, places);
  return inside;
}

async function call(method, url, body, headers = {}) {
  const answer = await fetch(url, {
    method,
    headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${url}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

class House {
  constructor(dir, places) {
    this.dir = dir;
    this.base = places.base_url;
    this.places = places;
  }

  api(method, path, body) {
    return call(method, this.base + path, body, { authorization: `Bearer ${this.places.api_key}` });
  }
  desk(method, path, body) { return call(method, this.places.sandbox_url + path, body); }

  open(person) { return this.api('POST', '/v1/verifications', { policy: this.places.policy_id, reference: person }); }
  read(id) { return this.api('GET', `/v1/verifications/${id}`); }
  async status(id, wanted) {
    return until(async () => {
      const found = await this.read(id);
      return found.status === wanted && found;
    }, `${id} to be ${wanted}`);
  }

  fault(institution, rule) { return this.desk('PUT', `/faults/${institution}`, rule); }
  heal(institution) { return this.desk('DELETE', `/faults/${institution}`); }
  forward(seconds) { return this.desk('PUT', '/clock', { advance_s: seconds }); }
  async deposits({ bank, number }) { return (await this.desk('GET', '/counts')).deposits[`${bank}/${number}`] ?? 0; }
  person(id) { return this.desk('GET', `/people/${id}`); }

  /** The text beside the newest 1 won. */
  async code({ bank, number }) {
    const lines = await this.desk('GET', `/book?bank=${bank}&account=${number}`);
    return lines.at(-1)?.print_content;
  }

  /** The webhooks that arrived about a verification, signed right. */
  async told(id) {
    const arrived = await call('GET', `${this.base}/studio/api/webhooks`);
    return arrived.filter((one) => one.verification_id === id && one.signed).map((one) => one.type);
  }

  /** A moving picture of a card for a fake camera. The card fills the page's frame as a person would hold it. */
  async film(person) {
    const file = join(this.dir, `${person}.y4m`);
    const answer = await fetch(`${this.base}/studio/people/${person}/video.y4m?frames=36&fps=6&card_width=0.77`);
    assert.ok(answer.ok, `film: ${answer.status}`);
    await writeFile(file, answer.body);
    return file;
  }
}

/** What the buttons say that a walk presses. */
const WORDS = {
  ko: {
    start: '시작하기', myself: '아니요, 제가 하는 거예요', agree: '필수 항목에 동의하고 계속', camera: '카메라 켜기',
    right: '네, 맞아요', account: '계좌 번호', send: '1원 보내기', code: '이 글자가 맞아요',
  },
  en: {
    start: 'Start', myself: "No, I'm doing this myself", agree: 'Agree to what is required and go on',
    camera: 'Turn on the camera', right: "Yes, it's right", account: 'Account number', send: 'Send 1 won',
    code: 'These are the characters',
  },
};

/** A browser of a person, as a phone has it; `film` is before its camera, else the specimen that the test holds. */
export async function browser(t, house, { film } = {}) {
  const args = [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
  ];
  if (film) args.push(`--use-file-for-fake-video-capture=${film}`);
  const chrome = await chromium.launch({ executablePath: CHROMIUM, args });
  t.after(() => chrome.close());
  return {
    /** A context of its own: other cookies, as another phone. */
    async phone({ holds, scene = null, width = 390, height = 844, language = 'ko', agent, camera = true } = {}) {
      const context = await chrome.newContext({
        ...(agent && { userAgent: agent }),
        viewport: { width, height },
        locale: { ko: 'ko-KR', en: 'en-US' }[language],
        timezoneId: 'Asia/Seoul',
        permissions: camera ? ['camera'] : [],
        baseURL: house.base,
      });
      context.setDefaultTimeout(PATIENCE_MS);
      // What the policy stops need not reach the console.
      await context.addInitScript(() => addEventListener('securitypolicyviolation', (event) => {
        console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
      }));
      const phone = new Phone(house, context, WORDS[language]);
      if (holds) await phone.hold(holds, scene);
      t.after(() => assert.deepEqual(phone.problems, [], 'nothing speaks against the page'));
      return phone;
    },
  };
}

/** What a browser says when the network is gone: expected where a test takes it away. */
const NO_NETWORK = /net::ERR_(INTERNET_DISCONNECTED|FAILED|NETWORK_CHANGED|ABORTED)/;

/**
 * What Chromium says when it gives up the fade from one page to the next, as a busy machine makes it: the page is
 * shown without it, and no script of ours can catch the promise (CSS View Transitions 2, csswg-drafts issue 13726).
 */
const ABANDONED_TRANSITION = /^Transition was (aborted|skipped)/;

class Phone {
  problems = [];
  offline = false;

  constructor(house, context, words) {
    this.house = house;
    this.context = context;
    this.words = words;
    context.on('request', (request) => {
      const url = new URL(request.url());
      if (!['data:', 'blob:'].includes(url.protocol) && url.origin !== house.base) this.problems.push(`left for ${url.origin}`);
    });
    context.on('console', (message) => {
      if (message.type() !== 'error' && message.type() !== 'warning') return;
      if (house.ending) return;
      if (this.mayBeOffline && NO_NETWORK.test(message.text())) return;
      this.problems.push(`console: ${message.text()} (${message.location().url})`);
    });
    context.on('weberror', (error) => {
      if (ABANDONED_TRANSITION.test(error.error().message)) return;
      this.problems.push(`script: ${error.error().message}`);
    });
  }

  /** Holds a person's specimen before the camera of every page from now on; the scene may name the document. */
  hold(person, scene = null) {
    return this.context.addInitScript((held) => {
      const ours = location.protocol.startsWith('http');
      if (ours && !sessionStorage.getItem('ingam.specimen')) sessionStorage.setItem('ingam.specimen', held);
    }, JSON.stringify({ person, scene }));
  }

  async tab(url) {
    const page = await this.context.newPage();
    await page.goto(url);
    return new Walk(this, page);
  }

  async cut(off) {
    this.mayBeOffline = true;
    await this.context.setOffline(off);
  }
}

/** A person at one tab, step by step. */
export class Walk {
  constructor(phone, page) {
    this.phone = phone;
    this.house = phone.house;
    this.page = page;
    this.words = phone.words;
  }

  /** Waits until a screen is there. */
  async at(screen) {
    try {
      await this.page.waitForSelector(`body[data-screen="${screen}"]`, { state: 'attached' });
    } catch {
      const shown = await this.page.evaluate(() => [document.body.dataset.screen, document.querySelector('main')?.innerText]);
      assert.fail(`the page shows ${shown.join(': ')} instead of ${screen}`);
    }
  }
  async says(text) { await this.page.getByText(text).first().waitFor(); }
  press(name) { return this.page.getByRole('button', { name, exact: true }).click(); }

  async safety() {
    await this.at('start');
    await this.page.getByRole('link', { name: this.words.start, exact: true }).click();
    await this.at('safety');
    await this.press(this.words.myself);
    await this.at('consents');
  }
  async consents() {
    await this.press(this.words.agree);
    await this.at('camera');
  }
  /** The camera takes the picture by itself. */
  async photograph() {
    await this.press(this.words.camera);
    await this.at('check');
  }
  /** Says yes; what was read doubtfully is typed as it is printed. Tells which fields were. */
  async confirm(person, document = 'resident') {
    const card = await this.house.person(person);
    const { licence = {}, passport = {} } = card.documents ?? {};
    const century = '1256'.includes(card.number[6]) ? '19' : '20';
    const printed = {
      name: card.name, resident_number: card.number, registration_number: card.number,
      issue_date: document === 'passport' ? passport.issued : card.issued,
      licence_number: licence.number, serial_code: licence.serial,
      passport_number: passport.number, nationality: passport.nationality ?? 'KOR', expiry_date: passport.expires,
      birth_date: century + card.number.slice(0, 6),
    };
    const typed = [];
    for (const [name, value] of Object.entries(printed)) {
      const field = this.page.locator(`.doubt input[name=${name}]`);
      if (!await field.count()) continue;
      await field.fill(value);
      typed.push(name);
    }
    await this.press(this.words.right);
    return typed;
  }
  async give({ bank, number }) {
    await this.at('account');
    // As a finger does: the tile is touched where it can be seen, not the hidden radio behind it.
    await this.page.locator(`.tile:has(input[value="${bank}"])`).click();
    await this.page.getByLabel(this.words.account).fill(number);
    await this.press(this.words.send);
  }
  async type(code) {
    await this.page.locator('#code').fill(code);
    await this.press(this.words.code);
  }
  async typeFromBook(account) {
    await this.at('code');
    await this.type(await this.house.code(account));
  }

  /** All the way to the account. */
  async toAccount(person) {
    await this.safety();
    await this.consents();
    await this.photograph();
    await this.confirm(person);
    await this.at('account');
  }
}
