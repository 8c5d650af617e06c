// Rows and pictures of mistakes, fetched in blocks as they are needed; a few blocks are remembered.
const SIZE = 100, KEPT = 40;
const PATIENCE = 80, LONGEST = 240;  // milliseconds for which a moving screen is waited for

export class Blocks {
  #blocks = new Map();
  #timer = 0;
  #since = 0;

  // `arrived(first, last)` is told which rows are there now, `failed(error)` what went wrong.
  constructor(address, query, { arrived, failed }) {
    Object.assign(this, { address, query, arrived, failed });
  }

  // A row with where its picture is, or undefined while it is on its way.
  get(place) {
    const block = this.#blocks.get(Math.floor(place / SIZE)), row = block?.rows?.[place % SIZE];
    return row && { ...row, picture: this.#picture(block, place % SIZE) };
  }

  want(first, last, moving) {
    clearTimeout(this.#timer);
    const now = performance.now(), fetch = () => { this.#since = 0; this.#fetch(Math.floor(first / SIZE), Math.floor(last / SIZE)); };
    this.#since ||= now;
    if (moving && now - this.#since < LONGEST) this.#timer = setTimeout(fetch, PATIENCE);
    else fetch();
  }

  #fetch(first, last) {
    for (const [number, block] of this.#blocks) {
      if (number >= first && number <= last) continue;
      if (!block.rows) { block.stop.abort(); this.#blocks.delete(number); }  // it is no longer near the screen
    }
    for (let number = first; number <= last; number++) {
      const known = this.#blocks.get(number);
      if (known) { this.#blocks.delete(number); this.#blocks.set(number, known); continue; }
      this.#load(number);
    }
    for (const number of this.#blocks.keys()) {
      if (this.#blocks.size <= KEPT) break;
      this.#blocks.delete(number);
    }
  }

  async #load(number) {
    const block = { stop: new AbortController() }, part = `brief=true&skip=${number * SIZE}&limit=${SIZE}`;
    this.#blocks.set(number, block);
    try {
      const answer = await outvoted.send(`${this.address}?${this.query}&${part}`, { method: "GET", signal: block.stop.signal });
      const { rows, side, stamp } = await answer.json();
      const ids = rows.map(({ id }) => `id=${encodeURIComponent(id)}`).join("&");
      Object.assign(block, { side, rows, sheet: `${this.address}/images?${ids}&side=${side}&v=${stamp}` });
      this.arrived(number * SIZE, number * SIZE + block.rows.length - 1);
    } catch (error) {
      if (this.#blocks.get(number) === block) this.#blocks.delete(number);
      if (error.name !== "AbortError") this.failed(error);
    }
  }

  #picture({ sheet, side, rows }, at) {  // all pictures of a block lie in one line
    return { href: sheet, width: rows.length * side, height: side, view: `${at * side} 0 ${side} ${side}` };
  }
}
