// Every screen that the page can show, at every point of a verification: what a screen reader makes of it is as agreed
// (`golden/`), and nothing about it is serious.
//
// The screens are files that the program's own tests write (`page::sheet`). They are shown as the server draws them,
// without scripts, so that a tree is the same on every machine. INGAM_RENEW_GOLDEN=1 writes the trees anew;
// INGAM_JOURNEYS=all looks at each language in both views by day and by night, else at each view once; INGAM_SHEET=1 also
// takes pictures of all screens, on one sheet: target/sheet/index.html.

import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import test from 'node:test';
import { chromium } from 'playwright-core';
import { serious } from './axe.mjs';

const CHROMIUM = process.env.INGAM_CHROMIUM ?? '/usr/bin/chromium';
const ROOT = new URL('../../', import.meta.url);
const SHEET = new URL('target/sheet/', ROOT);
const TYPES = { '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml', '.html': 'text/html; charset=utf-8' };
/** Stands for pictures of a person's document. */
const PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 112 71"><rect width="112" height="71" fill="#c5ccd3"/></svg>';

/** How each screen is photographed: a phone, a small one at 200 %, a desk, by night, in forced colours. */
const SHOTS = [
  ['phone', { viewport: { width: 360, height: 800 } }],
  ['small', { viewport: { width: 160, height: 284 }, deviceScaleFactor: 2 }],
  ['desk', { viewport: { width: 1280, height: 800 } }],
  ['dark', { viewport: { width: 360, height: 800 }, colorScheme: 'dark' }],
  ['forced', { viewport: { width: 360, height: 800 }, forcedColors: 'active' }],
];

/** The files over HTTP, as the program has them. */
async function gallery(t) {
  const server = createServer(async (request, answer) => {
    const { pathname } = new URL(request.url, 'http://sheet');
    const file = pathname.startsWith('/assets/') ? new URL(`crates/ingam${pathname}`, ROOT) : new URL(`.${pathname}`, SHEET);
    try {
      const bytes = await readFile(file);
      answer.writeHead(200, { 'content-type': TYPES[extname(pathname)] ?? 'application/octet-stream' }).end(bytes);
    } catch {
      answer.writeHead(200, { 'content-type': TYPES['.svg'] }).end(PICTURE);
    }
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  t.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

async function names(language, view) {
  const files = await readdir(new URL(`${language}/${view}/`, SHEET)).catch(() => []);
  assert.ok(files.length > 100, 'the screens are drawn by: cargo nextest run -p ingam page::sheet');
  return files.map((file) => file.replace(/\.html$/, '')).sort();
}

async function window(t, settings = {}) {
  const chrome = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  t.after(() => chrome.close());
  const context = await chrome.newContext({ viewport: { width: 360, height: 800 }, ...settings });
  context.setDefaultTimeout(10_000);
  // The page's own scripts would ask a program that is not there.
  await context.route(/\.js/, (route) => route.abort());
  return context.newPage();
}

/** In which views and lights the rules are looked at. */
const LOOKED_AT = process.env.INGAM_JOURNEYS === 'all'
  ? { ko: { normal: ['light', 'dark'], simple: ['light', 'dark'] }, en: { normal: ['light', 'dark'], simple: ['light', 'dark'] } }
  : { ko: { normal: ['light', 'dark'], simple: [] }, en: { normal: [], simple: ['light'] } };

for (const language of ['ko', 'en']) {
  test(`every state is read aloud as agreed, and nothing in it is serious: ${language}`, async (t) => {
    const at = await gallery(t);
    const page = await window(t);
    let trees = '';
    const faults = [];
    // The simple view says the same in larger print, so its trees are those of the other.
    for (const view of ['normal', 'simple']) {
      if (view === 'simple' && !LOOKED_AT[language].simple.length) continue;
      for (const name of await names(language, view)) {
        await page.goto(`${at}/${language}/${view}/${name}.html`);
        if (view === 'normal') trees += `# ${name}\n${await page.locator('body').ariaSnapshot()}\n\n`;
        for (const colorScheme of LOOKED_AT[language][view]) {
          await page.emulateMedia({ colorScheme });
          faults.push(...(await serious(page)).map((fault) => `${name}, ${view}, ${colorScheme}: ${fault}`));
        }
      }
    }
    assert.deepEqual(faults, []);
    const golden = new URL(`golden/${language}.yml`, import.meta.url);
    if (process.env.INGAM_RENEW_GOLDEN) {
      await mkdir(new URL('.', golden), { recursive: true });
      await writeFile(golden, trees);
    }
    assert.equal(trees, await readFile(golden, 'utf8'), 'a screen is read aloud in another way: look, then INGAM_RENEW_GOLDEN=1');
  });
}

test('the sheet shows every state in every size, when it is asked for', { skip: !process.env.INGAM_SHEET && 'make sheet' }, async (t) => {
  const at = await gallery(t);
  let sheet = '';
  for (const [size, settings] of SHOTS) {
    const page = await window(t, settings);
    for (const language of ['ko', 'en']) {
      const folder = new URL(`pictures/${size}/${language}/`, SHEET);
      await mkdir(folder, { recursive: true });
      sheet += `<h2>${size}, ${language}</h2><div>`;
      for (const name of await names(language, 'normal')) {
        await page.goto(`${at}/${language}/normal/${name}.html`);
        await page.screenshot({ path: new URL(`${name}.png`, folder).pathname, fullPage: size !== 'desk' });
        sheet += `<figure><img loading="lazy" src="pictures/${size}/${language}/${name}.png" alt=""><figcaption>${name}</figcaption></figure>`;
      }
      sheet += '</div>';
    }
  }
  const style = 'body{font:14px sans-serif;margin:24px}div{display:flex;flex-wrap:wrap;gap:16px}figure{margin:0;width:200px}img{width:200px;border:1px solid #bbb}';
  await writeFile(new URL('index.html', SHEET), `<!doctype html><meta charset="utf-8"><title>Every screen</title><style>${style}</style>${sheet}`);
});
