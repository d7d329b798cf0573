// What a new password has and what it still needs, as it is typed. The server decides; without this file the list
// stands there as plain words. The rules are those of `ingam_cases::staff::NewPassword`.

const RULES = {
  length: (text) => [...text].length >= 8,
  letter: (text) => /[A-Za-z]/.test(text),
  digit: (text) => /[0-9]/.test(text),
  special: (text) => /[^\p{L}\p{N}\s\p{Cc}]/u.test(text),
};

class PasswordTicks extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector('input[name=password]');
    this.hangul = this.querySelector('[data-hangul]');
    this.input.addEventListener('input', () => this.draw());
    const eye = this.querySelector('[data-eye]');
    eye.hidden = false;
    eye.querySelector('input').addEventListener('change', (event) => {
      this.input.type = event.target.checked ? 'text' : 'password';
    });
    this.draw();
  }
  draw() {
    const text = this.input.value.normalize('NFC');
    for (const item of this.querySelectorAll('[data-rule]')) {
      const met = RULES[item.dataset.rule](text);
      item.toggleAttribute('data-done', met);
      item.word ??= item.textContent;
      item.setAttribute('aria-label', `${item.word}: ${met ? this.dataset.met : this.dataset.unmet}`);
    }
    const typed = /[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]/.test(text) ? this.hangul.dataset.hangul : '';
    if (this.hangul.textContent !== typed) this.hangul.textContent = typed;
  }
}
customElements.define('password-ticks', PasswordTicks);
