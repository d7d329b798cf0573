// A long list of banks that can be searched, by name or by first consonants (ㄱㅁ finds 국민). Without it the list is
// simply long.

const FIRST = [...'ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ'];
const fold = (text) => text.normalize('NFC').toLowerCase().replace(/[\s·.()]/gu, '');
const firsts = (text) => [...text].map((c) => {
  const at = c.charCodeAt(0) - 0xac00;
  return at >= 0 && at < 11172 ? FIRST[Math.floor(at / 588)] : c;
}).join('');

class BankGrid extends HTMLElement {
  connectedCallback() {
    const search = this.querySelector('[data-search]');
    this.input = search.querySelector('input');
    this.more = this.querySelector('details');
    this.result = this.querySelector('[data-result]');
    this.tiles = [...this.querySelectorAll('.tile')].map((tile) => ({ tile, name: fold(tile.textContent) }));
    search.hidden = false;
    this.input.addEventListener('input', () => this.filter());
    this.input.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter') return;
      event.preventDefault();
      this.tiles.find(({ tile }) => !tile.hidden)?.tile.querySelector('input').click();
    });
    if (this.more?.querySelector('input:checked')) this.more.open = true;
  }
  filter() {
    const wanted = fold(this.input.value);
    let found = 0;
    for (const { tile, name } of this.tiles) {
      tile.hidden = !name.includes(wanted) && !firsts(name).includes(wanted);
      if (!tile.hidden) found += 1;
    }
    if (this.more && wanted) this.more.open = true;
    this.result.textContent = found ? '' : this.dataset.none;
  }
}
customElements.define('bank-grid', BankGrid);
