// The camera with its frame: opens on a click, takes the picture by itself when it is good, and does not lose it when
// the network goes. Nothing is judged here: what the picture shows is read on the server.

import { look } from './card-look.js';

const HOLD_MS = 1200; // one hint at a time, held
const SAY_MS = 2000; // at most one utterance in two seconds
const MANUAL_MS = 8000, TIPS_MS = 20000;
const EVERY_MS = 120, GOOD_TIMES = 5;
const LONG_SIDE = 2000, QUALITY = 0.9;

class CardCamera extends HTMLElement {
  connectedCallback() {
    this.words = Object.fromEntries([...this.querySelectorAll('[data-word]')].map((w) => [w.dataset.word, w.textContent]));
    [this.video, this.still, this.view] = ['video', '.view canvas', '.view'].map((s) => this.querySelector(s));
    this.small = document.createElement('canvas');
    this.part('open')[0]?.addEventListener('click', () => this.open());
    this.part('manual')[0]?.addEventListener('click', () => this.take());
    this.querySelector('[data-copy]')?.addEventListener('click', (event) => this.copy(event.target));
    document.addEventListener('visibilitychange', () => this.seen());
    addEventListener('pagehide', () => this.stop());
    this.probe();
  }
  disconnectedCallback() { this.stop(); }

  part(name) { return [...this.querySelectorAll(`[data-part="${name}"]`)]; }
  show(name, on) { for (const part of this.part(name)) part.hidden = !on; }

  // What the device has decides the way; nobody meets a dead button.
  async probe() {
    const standalone = navigator.standalone || matchMedia('(display-mode: standalone)').matches;
    for (const part of this.querySelectorAll('[data-if=standalone]')) part.hidden = !standalone;
    if (this.dataset.specimen && document.documentElement.hasAttribute('data-specimen-camera')) {
      this.ready = import(this.dataset.specimen).catch(() => {});
      return;
    }
    if (!navigator.mediaDevices?.getUserMedia) return this.blocked('none');
    const devices = await navigator.mediaDevices.enumerateDevices().catch(() => null);
    if (devices && !devices.some((d) => d.kind === 'videoinput')) this.blocked('none');
  }

  async copy(button) {
    const address = this.querySelector('#address');
    address.select();
    await navigator.clipboard?.writeText(address.value).catch(() => document.execCommand('copy'));
    button.textContent = button.dataset.copy;
  }

  blocked(reason) {
    this.stop();
    delete document.documentElement.dataset.camera;
    // Inside another app neither settings nor another device are the way out.
    const why = reason !== 'busy' && this.part('in_app').length ? 'in_app' : reason;
    const names = ['live', 'manual', 'tips', 'before', 'denied', 'none', 'busy', 'in_app'];
    for (const name of names) this.show(name, name === why);
    const button = this.part('open')[0];
    if (button) {
      button.hidden = ['none', 'in_app'].includes(why);
      button.textContent = this.words.retry;
      button.className = 'btn';
    }
    for (const file of this.part('file')) {
      file.hidden = false;
      file.open = true;
      // With no camera at all the file is the one action.
      file.querySelector('button').classList.toggle('line', why !== 'none');
    }
    this.part(why)[0]?.querySelector('p')?.setAttribute('role', 'alert');
  }

  async open() {
    const button = this.part('open')[0];
    button.setAttribute('aria-busy', 'true');
    await this.ready;
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { facingMode: { ideal: 'environment' }, width: { ideal: 2560 }, height: { ideal: 1440 } },
      });
    } catch (problem) {
      button.removeAttribute('aria-busy');
      if (['NotAllowedError', 'SecurityError'].includes(problem.name)) return this.blocked('denied');
      return this.blocked(['NotFoundError', 'OverconstrainedError'].includes(problem.name) ? 'none' : 'busy');
    }
    button.removeAttribute('aria-busy');
    this.stream.getVideoTracks()[0]?.addEventListener('ended', () => { if (!this.blob) this.blocked('busy'); });
    this.video.srcObject = this.stream;
    await this.video.play().catch(() => {});
    document.documentElement.dataset.camera = '';
    for (const name of ['before', 'open', 'file', 'denied', 'none', 'busy', 'in_app', 'manual', 'tips']) this.show(name, false);
    for (const old of this.querySelectorAll('.message')) old.hidden = true;
    this.show('live', true);
    for (const text of this.querySelectorAll('[data-live]')) text.textContent = text.dataset.live;
    this.querySelector('h1').focus({ preventScroll: true });
    this.video.hidden = false;
    this.still.hidden = true;
    this.began = performance.now();
    this.good = 0;
    this.before = null;
    this.loop();
  }

  stop() {
    clearTimeout(this.timer);
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
  }

  // A phone takes the camera away while the page is not seen; it comes back by itself.
  seen() {
    if (this.blob || !document.documentElement.hasAttribute('data-camera')) return;
    if (document.hidden) this.stop();
    else if (!this.stream) this.open();
  }

  // The part of the camera's picture that the person sees.
  region() {
    const { videoWidth: w, videoHeight: h } = this.video, { clientWidth: cw, clientHeight: ch } = this.view;
    const scale = Math.max(cw / w, ch / h);
    const [sw, sh] = [cw / scale, ch / scale];
    return { x: (w - sw) / 2, y: (h - sh) / 2, w: sw, h: sh };
  }

  draw(canvas, long) {
    const r = this.region();
    const scale = Math.min(1, long / Math.max(r.w, r.h));
    canvas.width = Math.round(r.w * scale);
    canvas.height = Math.round(r.h * scale);
    const context = canvas.getContext('2d', { willReadFrequently: canvas === this.small, alpha: false });
    context.drawImage(this.video, r.x, r.y, r.w, r.h, 0, 0, canvas.width, canvas.height);
    return context;
  }

  loop() {
    clearTimeout(this.timer);
    if (!this.stream || this.blob) return;
    const since = performance.now() - this.began;
    if (since > MANUAL_MS || this.byHand) this.show('manual', true);
    if (since > TIPS_MS) this.show('tips', true);
    if (this.video.videoWidth && this.view.clientWidth) {
      const context = this.draw(this.small, 320);
      const { width, height } = this.small;
      const seen = look(context.getImageData(0, 0, width, height), this.before);
      this.before = seen.luma;
      this.good = seen.hint === 'good' ? this.good + 1 : 0;
      this.view.toggleAttribute('data-fit', seen.sides >= 3);
      this.hint(seen.hint);
      if (this.good >= GOOD_TIMES && !this.byHand) return this.take();
    }
    this.timer = setTimeout(() => this.loop(), EVERY_MS);
  }

  hint(name, now = false) {
    const time = performance.now();
    if (name === this.hinted || (!now && time - (this.hintedAt ?? -HOLD_MS) < HOLD_MS)) return;
    this.hinted = name;
    this.hintedAt = time;
    this.querySelector('[data-hint]').textContent = this.words[name];
    this.querySelector('.hint').toggleAttribute('data-good', ['good', 'taken', 'sending'].includes(name));
    clearTimeout(this.saying);
    const wait = now ? 0 : Math.max(0, SAY_MS - (time - (this.saidAt ?? -SAY_MS)));
    this.saying = setTimeout(() => {
      this.saidAt = performance.now();
      this.querySelector('[data-say]').textContent = this.words[name];
    }, wait);
  }

  async take() {
    if (this.blob || !this.stream || !this.video.videoWidth) return;
    clearTimeout(this.timer);
    this.draw(this.still, LONG_SIDE);
    this.still.hidden = false;
    this.video.hidden = true;
    this.show('manual', false);
    this.show('tips', false);
    navigator.vibrate?.(30);
    this.hint('taken', true);
    this.blob = await new Promise((done) => { this.still.toBlob(done, 'image/jpeg', QUALITY); });
    this.stop();
    this.toggleAttribute('data-busy', true);
    this.send([...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join(''));
  }

  // The same upload id again is the same picture, so that repeating it is safe.
  async send(upload) {
    const note = document.querySelector('offline-note');
    for (let wait = 1000; ; wait = Math.min(wait * 2, 8000)) {
      this.hint('sending', true);
      let answer;
      try {
        answer = await fetch(this.dataset.action, {
          method: 'POST',
          body: this.blob,
          headers: { 'content-type': 'image/jpeg', accept: 'application/json', 'ingam-upload': upload },
        });
      } catch { answer = null; }
      if (answer?.ok || answer?.status === 409) return location.replace(this.dataset.home);
      if (answer && answer.status < 500 && answer.status !== 429) {
        const problem = await answer.json().catch(() => ({}));
        return this.again(problem.message);
      }
      if (!answer) {
        note?.show(true);
        this.words.waiting = this.words.offline;
        this.hint('waiting', true);
      } else {
        this.hint('not_sent', true);
      }
      await new Promise((done) => {
        setTimeout(done, wait);
        addEventListener('online', done, { once: true });
      });
      if (navigator.onLine) note?.show(false);
    }
  }

  // The server could not use it: says why and opens the camera again.
  again(message) {
    this.blob = null;
    this.removeAttribute('data-busy');
    if (!message) return location.replace(this.dataset.home);
    this.byHand = true; // or it would go round for ever
    this.words.refused = message;
    this.hint('refused', true);
    this.hintedAt = performance.now() + 2000;
    setTimeout(() => this.open(), 2500);
  }
}
customElements.define('card-camera', CardCamera);
