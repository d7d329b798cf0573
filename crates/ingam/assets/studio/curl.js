// A call as a command for a terminal. The key never passes through this page: the command reads it from a file.

import { text } from './texts.js';

/** The command of a call of the institution's program, or of reading the current verification; null if neither. */
export function curl(call, { api, current }) {
  const [method, path] = (call?.detail ?? '').split(' ');
  const known = /^(GET|POST|PUT|PATCH|DELETE)$/.test(method) && path?.startsWith('/');
  if (!known && !current) return null;
  const wanted = known ? { method, path, body: call.body } : { method: 'GET', path: `/v1/verifications/${current.verification_id}` };
  const base = api?.base_url ?? location.origin;
  const lines = [`curl -sS -X ${wanted.method} ${quoted(base + wanted.path)}`, '  -H "Authorization: Bearer $INGAM_KEY"'];
  if (wanted.body !== undefined && wanted.method !== 'GET') {
    const body = typeof wanted.body === 'string' ? wanted.body : JSON.stringify(wanted.body);
    lines.push("  -H 'Content-Type: application/json'", `  -d ${quoted(body)}`);
  }
  const file = api?.key_file;
  const key = file ? `# ${text('copy.key_comment', { file })}\nINGAM_KEY=$(sed -n 's/.*"api_key": *"\\([^"]*\\)".*/\\1/p' ${quoted(file)})\n` : '';
  return { what: `${wanted.method} ${wanted.path}`, command: `${key}${lines.join(' \\\n')}\n` };
}

/** Single quotes hold everything but themselves (POSIX shell §2.2.2). */
const quoted = (words) => `'${words.replaceAll("'", "'\\''")}'`;
