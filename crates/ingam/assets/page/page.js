// What every screen does: the title is read first, a form is sent once, and a lost network says so and waits.

class OfflineNote extends HTMLElement {
  connectedCallback() {
    this.text = this.querySelector('span');
    this.lost = this.text.textContent;
    addEventListener('offline', () => this.show(true));
    addEventListener('online', () => this.show(false));
    if (!navigator.onLine) this.show(true);
  }
  show(offline) {
    clearTimeout(this.later);
    if (offline) {
      this.removeAttribute('data-back');
      this.text.textContent = this.lost;
      this.hidden = false;
    } else if (!this.hidden && !this.hasAttribute('data-back')) {
      this.setAttribute('data-back', '');
      this.text.textContent = this.dataset.online;
      this.later = setTimeout(() => { this.hidden = true; }, 2500);
    }
  }
}
customElements.define('offline-note', OfflineNote);

// Who went away leaves nothing readable behind, and loses nothing: the screen is covered, and is there again at a touch.
class IdleNote extends HTMLElement {
  connectedCallback() {
    this.go = this.querySelector('button');
    this.go.addEventListener('click', () => this.back());
    for (const sign of ['pointerdown', 'keydown', 'scroll', 'input']) {
      addEventListener(sign, () => { if (this.hidden) this.wait(); }, { capture: true, passive: true });
    }
    this.wait();
  }
  wait() {
    clearTimeout(this.later);
    this.later = setTimeout(() => this.ask(), Number(this.dataset.asks) * 1000);
  }
  ask() {
    // Whoever holds a card before the camera touches nothing.
    if (document.documentElement.hasAttribute('data-camera')) return this.wait();
    this.before = document.activeElement;
    this.hidden = false;
    this.go.focus();
    this.later = setTimeout(() => document.documentElement.setAttribute('data-covered', ''), Number(this.dataset.covers) * 1000);
  }
  back() {
    this.hidden = true;
    document.documentElement.removeAttribute('data-covered');
    this.before?.focus?.({ preventScroll: true });
    this.wait();
  }
}
customElements.define('idle-note', IdleNote);

// A form is sent once; without a network it waits for it instead of losing the page.
addEventListener('submit', (event) => {
  const form = event.target;
  if (form.dataset.sent) return event.preventDefault();
  if (!navigator.onLine) {
    event.preventDefault();
    document.querySelector('offline-note')?.show(true);
    addEventListener('online', () => form.requestSubmit(event.submitter ?? undefined), { once: true });
    return;
  }
  form.dataset.sent = '1';
  (event.submitter ?? form.querySelector('button'))?.setAttribute('aria-busy', 'true');
});
// Back brings the page as it was left: it may be sent again, and what has changed meanwhile is fetched.
addEventListener('pageshow', (event) => {
  for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
  for (const button of document.querySelectorAll('[aria-busy]')) button.removeAttribute('aria-busy');
  if (event.persisted) location.reload();
});

const wrong = document.querySelector('input[aria-invalid=true]');
(wrong ?? document.querySelector('h1'))?.focus({ preventScroll: !wrong });
