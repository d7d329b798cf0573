// Four cells over one ordinary field: paste, autofill, managers and screen readers meet the field. Hangul is composed
// in it as anywhere; the value is tidied only when nothing is being composed.

const CELLS = 4;

class CodeCells extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector('input');
    this.insertAdjacentHTML('beforeend', `<div class="draw" aria-hidden="true">${'<i></i>'.repeat(CELLS)}</div>`);
    this.cells = [...this.querySelectorAll('.draw i')];
    this.setAttribute('data-drawn', '');
    this.input.addEventListener('input', (event) => { if (!event.isComposing) this.tidy(); this.draw(); });
    this.input.addEventListener('compositionend', () => { this.tidy(); this.draw(); });
    this.draw();
  }
  tidy() {
    const value = [...this.input.value.normalize('NFC').replace(/\s+/gu, '')].slice(0, CELLS).join('');
    if (value !== this.input.value) this.input.value = value;
  }
  draw() {
    const value = [...this.input.value.normalize('NFC').replace(/\s+/gu, '')];
    this.cells.forEach((cell, i) => {
      cell.textContent = value[i] ?? '';
      cell.toggleAttribute('data-here', i === Math.min(value.length, CELLS - 1));
    });
  }
}
customElements.define('code-cells', CodeCells);

// How long the code lives. Said aloud once, a minute before the end.
class TimeLeft extends HTMLElement {
  connectedCallback() {
    this.ends = performance.now() + Number(this.dataset.left) * 1000;
    this.shown = this.querySelector('b');
    this.timer = setInterval(() => this.draw(), 1000);
  }
  disconnectedCallback() { clearInterval(this.timer); }
  draw() {
    const left = Math.max(0, Math.round((this.ends - performance.now()) / 1000));
    const form = left >= 60 ? this.dataset.minutes : this.dataset.seconds;
    this.shown.textContent = form.replace('{m}', Math.floor(left / 60)).replace('{s}', left % 60);
    const soon = document.querySelector('[data-soon]');
    if (left <= 60 && left > 0 && soon && !soon.textContent) soon.textContent = soon.dataset.soon;
  }
}
customElements.define('time-left', TimeLeft);
