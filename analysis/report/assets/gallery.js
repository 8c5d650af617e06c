// Filters, pages of tiles, and the window that steps through one item.
const PAGE = 60;
const root = element.querySelector(".gallery"), part = (name) => root.querySelector(`.${name}`);
const form = part("filters"), tiles = part("tiles"), pager = part("pager"), dialog = part("climb");
const chosen = facets.map(() => null);
let found = [], page = 0, current = null, frame = 0;

// Filters: each choice says how many items it would leave.
const fits = (item, but) => chosen.every((value, k) => k === but || value === null || facets[k].index[item] === value);
const selects = facets.map((facet, k) => {
  const select = make("select", {});
  select.addEventListener("change", () => {
    chosen[k] = select.value === "" ? null : Number(select.value);
    refresh();
  });
  if (facet.values.length > 1) form.append(make("label", {}, facet.name, select));
  return select;
});
const reset = make("button", { type: "button" }, "All");
reset.addEventListener("click", () => { chosen.fill(null); refresh(); });
form.append(reset);
form.addEventListener("submit", (event) => event.preventDefault());

const fill = (select, facet, k) => {
  const counts = new Map();
  let all = 0;
  for (let item = 0; item < total; item++) {
    if (!fits(item, k)) continue;
    all++;
    counts.set(facet.index[item], (counts.get(facet.index[item]) ?? 0) + 1);
  }
  const options = [make("option", { value: "" }, `any (${all.toLocaleString("en")})`)];
  facet.values.forEach((value, index) => {
    if (counts.has(index) || chosen[k] === index) {
      options.push(make("option", { value: index }, `${value} (${(counts.get(index) ?? 0).toLocaleString("en")})`));
    }
  });
  select.replaceChildren(...options);
  select.value = chosen[k] ?? "";
};
const refresh = () => {
  found = [];
  for (let item = 0; item < total; item++) if (fits(item, -1)) found.push(item);
  selects.forEach((select, k) => fill(select, facets[k], k));
  reset.disabled = chosen.every((value) => value === null);
  show(0);
};

// Pages: only the tiles of one page exist.
const show = (wanted) => {
  const last = Math.max(0, Math.ceil(found.length / PAGE) - 1);
  page = Math.min(Math.max(wanted, 0), last);
  const here = found.slice(page * PAGE, (page + 1) * PAGE);
  tiles.replaceChildren(...here.map((item) => tile(item, open)));
  const range = found.length > PAGE ? `${page * PAGE + 1}–${page * PAGE + here.length} of ` : "";
  const plural = found.length === 1 ? "" : "s";
  part("found").textContent = `${range}${found.length.toLocaleString("en")} ${data.what}${plural}`;
  before.disabled = page === 0;
  after.disabled = page === last;
  pager.hidden = last === 0;
};
const turn = (by) => { show(page + by); part("found").scrollIntoView({ block: "nearest" }); };
const before = make("button", { type: "button" }, "← Previous page");
const after = make("button", { type: "button" }, "Next page →");
before.addEventListener("click", () => turn(-1));
after.addEventListener("click", () => turn(1));
pager.append(before, after);

// The window of one item.
const title = make("h3", {}), link = make("a", {}), facts = make("p", { className: "quiet" });
const seed = canvas("the seed"), large = canvas("this step"), votesPlace = make("div", { className: "scroll" });
const say = make("p", { className: "step", "aria-live": "polite" }), strip = make("div", { className: "strip" });
const changes = make("div", {}), legendPlace = make("div", {}), place = make("span", { className: "quiet" });
const control = (text, label, act) => {
  const button = make("button", { type: "button", "aria-label": label, title: label }, text);
  button.addEventListener("click", act);
  return button;
};
const seedFigure = make("figure", {}, seed, make("figcaption", {}, "seed"));
dialog.append(
  make("header", {}, title, place, control("↑", "previous (up arrow)", () => walk(-1)),
    control("↓", "next (down arrow)", () => walk(1)), control("✕", "close (Escape)", () => dialog.close())),
  facts,
  make("div", { className: "stage" },
    make("div", { className: "images" },
      make("div", { className: "two" }, seedFigure, make("figure", {}, large, make("figcaption", {}, say))),
      changes),
    make("div", {}, legendPlace, votesPlace)),
  strip,
  make("p", { className: "quiet keys" }, make("span", { className: "on-keyboards" }, "← → step, Home and End jump to the first and the last, ↑ ↓ go to the next; "), link),
);

const step = (wanted) => {
  frame = Math.min(Math.max(wanted, 0), lastFrame(current));
  paint(large, current, frame);
  large.setAttribute("aria-label", stepName(current, frame));
  say.textContent = stepName(current, frame);
  votesPlace.replaceChildren(ballots(current, frame));
  changes.replaceChildren(measured(current, frame));
  [...strip.children].forEach((button, k) => {
    if (k === frame) button.setAttribute("aria-current", "step"); else button.removeAttribute("aria-current");
  });
  const mark = strip.children[frame];  // scrolled by hand: the window around it stays
  if (mark) strip.scrollLeft = mark.offsetLeft - strip.offsetLeft - (strip.clientWidth - mark.offsetWidth) / 2;
};
const open = (item) => {
  current = item;
  const address = `#${data.what}-${data.names[item]}`;
  title.textContent = `${answerOf(item)}, ${data.peers[columns.target[item]]}`;
  facts.textContent = data.facts[item].map(([name, value]) => `${name} ${value}`).join(" · ");
  const at = found.indexOf(item);
  place.textContent = at < 0 ? "" : `${at + 1} of ${found.length}`;
  link.href = address;
  link.textContent = "link to this one";
  paint(seed, item, 0);
  const several = columns.frames[item] > 1;
  seedFigure.hidden = !several;
  strip.replaceChildren(...(several ? Array.from({ length: columns.frames[item] }, (_, k) => {
    const image = canvas(stepName(item, k));
    paint(image, item, k);
    const button = make("button", { type: "button" }, image);
    button.addEventListener("click", () => step(k));
    return button;
  }) : []));
  legendPlace.replaceChildren(legend(item));
  step(lastFrame(item));
  history.replaceState(null, "", address);
  if (!dialog.open) dialog.showModal();
};
const walk = (by) => {
  const at = found.indexOf(current) + by;
  if (at < 0 || at >= found.length) return;
  if (Math.floor(at / PAGE) !== page) show(Math.floor(at / PAGE));
  open(found[at]);
};
dialog.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const acts = {
    ArrowLeft: () => step(frame - 1), ArrowRight: () => step(frame + 1), Home: () => step(0),
    End: () => step(lastFrame(current)), ArrowUp: () => walk(-1), ArrowDown: () => walk(1),
  };
  if (!(event.key in acts)) return;
  event.preventDefault();
  acts[event.key]();
});
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener("close", () => {
  history.replaceState(null, "", location.pathname + location.search);
  tiles.children[found.indexOf(current) - page * PAGE]?.firstElementChild.focus();
});

// Addresses: #mistake-12 opens that item, if need be without the filters.
const follow = () => {
  const head = `#${data.what}-`;
  if (!location.hash.startsWith(head)) return;
  const name = decodeURIComponent(location.hash.slice(head.length)), item = numbered.get(name);
  if (item === undefined) {
    part("found").textContent = `There is no ${data.what} ${name} on this page.`;
    part("found").scrollIntoView();
    return;
  }
  if (!found.includes(item)) { chosen.fill(null); refresh(); }
  show(Math.floor(found.indexOf(item) / PAGE));
  open(item);
};
addEventListener("hashchange", follow);
document.addEventListener("outvoted:show", (event) => {  // the map of weaknesses asks for some of them
  facets.forEach((facet, k) => {
    const value = event.detail[facet.name];
    chosen[k] = value === undefined || value === null ? null : value;
  });
  refresh();
  root.scrollIntoView();
  form.querySelector("select")?.focus({ preventScroll: true });
});
refresh();
follow();
