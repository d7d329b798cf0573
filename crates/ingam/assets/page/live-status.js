// Follows the verification: asks for its version, and shows what changed. Quick at first, calmer later, silent while
// nobody looks. A screen that the person types into is left alone until another one is due.

const CALM_MS = 5000;

class LiveStatus extends HTMLElement {
  connectedCallback() {
    this.home = this.dataset.url.replace(/\/state$/, '');
    this.pause = this.quick = Number(this.dataset.every) * 1000;
    this.since = performance.now();
    this.reveal = setInterval(() => this.tell(), 500);
    document.addEventListener('visibilitychange', () => this.plan(0));
    addEventListener('online', () => this.plan(0));
    this.plan(this.quick);
  }

  plan(wait) {
    clearTimeout(this.next);
    if (!document.hidden && this.isConnected) this.next = setTimeout(() => this.ask(), wait);
  }

  async ask() {
    const note = document.querySelector('offline-note');
    try {
      const answer = await fetch(this.dataset.url, { headers: { accept: 'application/json' }, cache: 'no-store' });
      note?.show(false);
      if (answer.status >= 500) throw new Error('later');
      if (!answer.ok) return this.leave();
      const { version, screen } = await answer.json();
      if (screen !== this.dataset.screen) return this.leave();
      if (String(version) !== this.dataset.version) {
        this.dataset.version = version;
        this.pause = this.quick;
        if (screen === 'working' || screen === 'pause') await this.redraw();
      }
    } catch {
      if (!navigator.onLine || this.failed) note?.show(true);
      this.failed = true;
      return this.plan(this.pause = Math.min(this.pause * 1.5, CALM_MS));
    }
    this.failed = false;
    this.plan(this.pause = Math.min(this.pause * 1.2, CALM_MS));
  }

  leave() {
    // A picture on its way is not torn off; its sender goes on by itself.
    if (!document.querySelector('card-camera[data-busy]')) location.replace(this.home);
    else this.plan(CALM_MS);
  }

  async redraw() {
    const answer = await fetch(this.home, { cache: 'no-store' });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    if (fresh.body.dataset.screen !== this.dataset.screen) return this.leave();
    // Line by line, so that a screen reader hears what changed and nothing else.
    const [now, then] = [document, fresh].map((page) => [...page.querySelectorAll('.work > li')]);
    if (now.length && now.length === then.length) {
      now.forEach((line, i) => {
        if (line.isEqualNode(then[i])) return;
        line.className = then[i].className;
        line.replaceChildren(...then[i].childNodes);
      });
      const footer = fresh.querySelector('footer.act');
      if (footer) document.querySelector('footer.act').replaceWith(footer);
    } else {
      document.querySelector('main').replaceWith(fresh.querySelector('main'));
      document.querySelector('footer.act').replaceWith(fresh.querySelector('footer.act'));
    }
    this.tell();
  }

  // After 8 s the reason, after 20 s a way to leave and be told.
  tell() {
    const seconds = (performance.now() - this.since) / 1000;
    for (const part of document.querySelectorAll('[data-after]')) part.hidden = seconds < Number(part.dataset.after);
    for (const part of document.querySelectorAll('[data-before]')) part.hidden = seconds >= Number(part.dataset.before);
  }
}
customElements.define('live-status', LiveStatus);
