// A list of any length, of which only what is near the screen is in the document.
const TALLEST = 8e6;  // pixels; beyond 17 million some browsers lose elements
const BEYOND = 0.75;  // screens above and below that are kept
const REST = 150;  // milliseconds without scrolling

export class EndlessList {
  #items = new Map();
  #offset = 0;  // pixels of the whole that lie above the element's top: 0 unless the whole is too tall for it
  #before = 0;
  #waiting = 0;
  #resting = 0;
  #dirty = true;

  // `make(place)` returns an item's element; `shown(first, last, moving)` is told what is near the screen.
  constructor(list, { total, make, shown, signal }) {
    Object.assign(this, { list, total, make, shown, columns: 1, active: 0 });
    list.classList.add("endless");
    addEventListener("scroll", () => this.#scrolled(), { passive: true, signal });
    let width = list.clientWidth;
    const sizes = new ResizeObserver(() => {
      if (list.clientWidth === width) return;
      width = list.clientWidth;
      this.measure();
    });
    sizes.observe(list.parentElement);
    signal.addEventListener("abort", () => sizes.disconnect());
    this.measure();
  }

  // Widths and heights are those that the style sheet gives an item; what is at the top stays there.
  measure() {
    const first = this.first();
    const style = getComputedStyle(this.list), gap = parseFloat(style.columnGap) || 0;
    const least = parseFloat(style.getPropertyValue("--least")) * parseFloat(getComputedStyle(document.documentElement).fontSize);
    const width = this.list.clientWidth;
    this.columns = Math.max(1, Math.floor((width + gap) / (least + gap)));
    this.across = (width + gap) / this.columns;
    this.list.style.setProperty("--item", `${this.across - gap}px`);
    this.list.replaceChildren(...(this.total ? [this.make(0)] : []));
    this.down = (this.list.firstElementChild?.offsetHeight ?? 0) + gap || 1;
    this.#items.clear();
    this.list.replaceChildren();
    this.whole = Math.max(0, Math.ceil(this.total / this.columns) * this.down - gap);
    this.tall = Math.min(this.whole, TALLEST);
    this.list.style.height = `${this.tall}px`;
    if (first) this.show(first); else this.draw();
  }

  // The first item of the topmost row that is wholly on screen.
  first() {
    if (!this.down) return 0;
    return Math.max(0, Math.ceil((this.#top() - 1) / this.down)) * this.columns;
  }

  // Scrolls so that an item is in the topmost row, or as high as can be.
  show(place) {
    const row = Math.floor(Math.min(Math.max(place, 0), this.total - 1) / this.columns);
    this.#go(row * this.down - this.#cover());
  }

  // Gives an item the focus, scrolling no farther than needed.
  focus(place) {
    this.active = Math.min(Math.max(place, 0), this.total - 1);
    const above = Math.floor(this.active / this.columns) * this.down, top = this.#top() + this.#cover();
    const bottom = this.#top() + innerHeight - this.#cover();
    if (above < top) this.#go(above - this.#cover());
    else if (above + this.down > bottom) this.#go(above + this.down - innerHeight + this.#cover());
    this.draw();
    this.#items.get(this.active)?.querySelector("a").focus({ preventScroll: true });
  }

  at(place) { return this.#items.get(place); }
  rows() { return Math.max(1, Math.floor(innerHeight / this.down) - 1); }

  // Makes again what is there of some items, say once more is known of them.
  again(first, last) {
    for (const [place, element] of this.#items) {
      if (place < first || place > last) continue;
      const focused = element.contains(document.activeElement);
      const made = this.#placed(place);
      element.replaceWith(made);
      this.#items.set(place, made);
      if (focused) made.querySelector("a").focus({ preventScroll: true });
    }
  }

  draw(moving = false) {
    const top = Math.max(0, this.#top()), beyond = BEYOND * innerHeight;
    const rows = Math.max(0, Math.floor((top - beyond) / this.down)), end = Math.ceil((top + innerHeight + beyond) / this.down);
    const first = rows * this.columns, last = Math.min(this.total, end * this.columns) - 1;
    const focused = this.list.contains(document.activeElement) ? this.active : -1;
    const wanted = [];
    if (focused >= 0 && focused < first) wanted.push(focused);  // what has the focus stays in the document
    for (let place = first; place <= last; place++) wanted.push(place);
    if (focused > last) wanted.push(focused);
    this.#keep(wanted);
    this.shown(first, last, moving);
  }

  #keep(wanted) {
    const kept = new Set(wanted);
    for (const [place, element] of this.#items) {
      if (kept.has(place)) continue;
      element.remove();
      this.#items.delete(place);
    }
    let next = this.list.firstElementChild;
    for (const place of wanted) {
      let element = this.#items.get(place);
      if (!element) this.#items.set(place, element = this.#placed(place));
      else if (this.#dirty) this.#put(element, place);
      if (element === next) next = next.nextElementSibling;
      else this.list.insertBefore(element, next);
    }
    this.#dirty = false;
  }

  #placed(place) {
    const element = this.make(place);
    element.ariaPosInSet = place + 1;
    element.ariaSetSize = this.total;
    element.querySelector("a").tabIndex = place === this.active ? 0 : -1;
    this.#put(element, place);
    return element;
  }

  #put(element, place) {
    const row = Math.floor(place / this.columns), column = place % this.columns;
    element.style.transform = `translate(${column * this.across}px, ${row * this.down - this.#offset}px)`;
  }

  // Pixels of the element, and of the whole, that are above the screen.
  #above() { return -this.list.getBoundingClientRect().top; }
  #top() { return this.#above() + this.#offset; }
  #cover() { return parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0; }

  #scrolled() {
    if (this.#waiting) return;
    this.#waiting = requestAnimationFrame(() => {
      this.#waiting = 0;
      const above = this.#above(), moved = Math.abs(above - this.#before);
      if (this.tall < this.whole && moved > innerHeight) {  // the bar was dragged: it says which part of the whole
        const share = Math.min(1, Math.max(0, above / (this.tall - innerHeight)));
        this.#shift(share * (this.whole - this.tall));
      }
      this.#before = above;
      this.draw(moved > 2 * innerHeight);
      clearTimeout(this.#resting);
      this.#resting = setTimeout(() => this.#rested(), REST);
    });
  }

  // After smooth scrolling the bar is moved to where in the whole the screen is now; nothing else moves.
  #rested() {
    const top = this.#top();
    if (this.tall < this.whole && this.#offset + Math.max(0, this.#above()) > 0) this.#go(top);
    this.draw();
    this.list.dispatchEvent(new CustomEvent("rest"));
  }

  #go(top) {
    const whole = this.whole - innerHeight, inside = Math.min(Math.max(top, 0), Math.max(whole, 0));
    const above = this.tall < this.whole ? (inside * (this.tall - innerHeight)) / whole : top;
    if (this.tall < this.whole) this.#shift(inside - above);
    scrollBy(0, above - this.#above());
    this.#before = this.#above();
    this.draw();
  }

  #shift(offset) {
    this.#offset = offset;
    this.#dirty = true;
  }
}
