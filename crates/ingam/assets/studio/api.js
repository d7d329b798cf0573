// The studio's calls, as the contract at the top of studio.js has them.
// Refuses to retry: a person sees what failed and clicks again. Only the stream of events reconnects by itself.

const ROOT = '/studio/api';

async function call(method, path, body) {
  const answer = await fetch(ROOT + path, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(15000),
  });
  const kind = answer.headers.get('content-type') ?? '';
  const content = kind.includes('json') ? await answer.json() : null;
  if (!answer.ok) throw new Error(content?.code ?? String(answer.status));
  return content;
}

export const state = () => call('GET', '/state');
export const book = (person) => call('GET', `/book?person=${encodeURIComponent(person)}`);
export const start = (person) => call('POST', '/start', { person });
export const setFault = (institution, fault) => call('PUT', `/faults/${encodeURIComponent(institution)}`, { fault });
export const moveClock = (seconds) => call('PUT', '/clock', { advance_s: seconds });

/** Follows the events for as long as the page lives. */
export function listen({ event, connected }) {
  let source;
  const open = () => {
    source = new EventSource(`${ROOT}/events`);
    source.onopen = () => connected(true);
    source.onmessage = (message) => {
      let one;
      try {
        one = JSON.parse(message.data);
      } catch {
        console.error('an event that is no JSON');
        return;
      }
      event(one, message.lastEventId);
    };
    source.onerror = () => {
      connected(false);
      // A refused stream (a proxy's 502, say) is not opened again by the browser itself.
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 2000);
    };
  };
  open();
}
