// The rules of accessibility that a machine can check, by axe-core.

import { readFile } from 'node:fs/promises';

const AXE = await readFile(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
/** WCAG 2.2 AA and what is good practice beyond it. */
const RULES = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] };

/** What is serious on the page as it stands. */
export async function serious(page) {
  // Through the debugger: the page's own policy lets no foreign script in.
  return page.evaluate(async ([axe, rules]) => {
    if (!window.axe) (0, eval)(axe);
    const { violations } = await window.axe.run(document, rules);
    return violations
      .filter((v) => ['serious', 'critical'].includes(v.impact))
      .map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' | ')}`);
  }, [AXE, RULES]);
}
