// The map of weaknesses: a grid of label and wrong class, and bars for each change, each filtering the other.
const unpack = (packed) => {
  const [kind, text] = Object.entries(packed)[0];
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return kind === "u2" ? new Uint16Array(bytes.buffer) : bytes;
};
const make = (tag, properties = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value; else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
};
const root = element.querySelector(".weak"), form = root.querySelector("form"), said = root.querySelector("p");
const gridPlace = root.querySelector(".scroll"), barsPlace = root.querySelector(".changes");
const label = unpack(data.label), predicted = unpack(data.predicted), total = label.length;
const finders = data.finders.map((finder) => ({ ...finder, index: unpack(finder.index), chosen: null }));
const changes = data.changes.map((change) => ({ ...change, bins: unpack(change.bins), chosen: null }));
let cell = null;  // [label, wrong class]

// Of many classes those with most mistakes have a row or a column.
const frequent = (column) => {
  const counts = new Map();
  column.forEach((value) => counts.set(value, (counts.get(value) ?? 0) + 1));
  const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, data.most).map(([value]) => value);
  return most.sort((a, b) => a - b);
};
const few = data.classes.length <= data.most;
const all = data.classes.map((_, index) => index);
const rows = few ? all : frequent(label), sides = few ? all : frequent(predicted);

const found = (k) => finders.every((finder) => finder.chosen === null || finder.index[k] === finder.chosen);
const changed = (k, but) => changes.every((change) => change === but || change.chosen === null || change.bins[k] === change.chosen);
const inCell = (k) => cell === null || (label[k] === cell[0] && predicted[k] === cell[1]);

for (const finder of finders) {
  if (finder.names.length < 2) continue;
  const select = make("select", {}, make("option", { value: "" }, "any"),
    ...finder.names.map((name, index) => make("option", { value: index }, name)));
  select.addEventListener("change", () => {
    finder.chosen = select.value === "" ? null : Number(select.value);
    draw();
  });
  finder.select = select;
  form.append(make("label", {}, finder.title, select));
}
const reset = make("button", { type: "button" }, "All");
reset.addEventListener("click", () => {
  cell = null;
  for (const each of [...finders, ...changes]) each.chosen = null;
  for (const { select } of finders) if (select) select.value = "";
  draw();
});
const look = make("button", { type: "button" }, "Show in the gallery");
look.addEventListener("click", () => {
  const wanted = { label: cell?.[0], "wrong class": cell?.[1] };
  for (const finder of finders) wanted[finder.title] = finder.chosen;
  document.dispatchEvent(new CustomEvent("outvoted:show", { detail: wanted }));
});
form.append(reset, ...(data.gallery ? [look] : []));
form.addEventListener("submit", (event) => event.preventDefault());

const grid = () => {
  const counts = new Map();
  let most = 0;
  for (let k = 0; k < total; k++) {
    if (!found(k) || !changed(k, null)) continue;
    const key = label[k] * data.classes.length + predicted[k], count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    most = Math.max(most, count);
  }
  const head = make("tr", {}, make("th", { scope: "col" }, "label \u2198 wrong class"),
    ...sides.map((wrong) => make("th", { scope: "col" }, data.classes[wrong])));
  const body = rows.map((row) => make("tr", {}, make("th", { scope: "row" }, data.classes[row]),
    ...sides.map((wrong) => field(row, wrong, counts.get(row * data.classes.length + wrong) ?? 0, most))));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...body));
};
const field = (row, wrong, count, most) => {
  if (!count) return make("td", {}, row === wrong ? "" : make("span", { className: "none" }, "·"));
  const pressed = cell !== null && cell[0] === row && cell[1] === wrong;
  const button = make("button", {
    type: "button", "aria-pressed": String(pressed),
    "aria-label": `${data.classes[row]} taken for ${data.classes[wrong]}: ${count}`,
  }, count.toLocaleString("en"));
  button.dataset.strength = Math.ceil(10 * Math.sqrt(count / most));
  button.addEventListener("click", () => { cell = pressed ? null : [row, wrong]; draw(`${row}.${wrong}`); });
  button.dataset.at = `${row}.${wrong}`;
  return make("td", {}, button);
};
const bars = (change, index) => {
  const counts = change.edges.slice(1).map(() => 0);
  for (let k = 0; k < total; k++) if (found(k) && changed(k, change) && inCell(k)) counts[change.bins[k]]++;
  const most = Math.max(...counts, 1);
  const buttons = counts.map((count, bin) => {
    const range = `${change.edges[bin]} to ${change.edges[bin + 1]}`;
    const fill = make("span", { className: "fill" });
    fill.style.height = `${100 * count / most}%`;
    const button = make("button", {
      type: "button", title: `${range}: ${count}`, "aria-pressed": String(change.chosen === bin),
      "aria-label": `${change.name} ${range}: ${count}`,
    }, make("span", { className: "column" }, fill), make("span", {}, count.toLocaleString("en")));
    button.addEventListener("click", () => { change.chosen = change.chosen === bin ? null : bin; draw(`${index}:${bin}`); });
    button.dataset.at = `${index}:${bin}`;
    return button;
  });
  const ends = make("div", { className: "ends quiet" }, make("span", {}, String(change.edges[0])), make("span", {}, String(change.edges.at(-1))));
  return make("div", { className: "change" }, make("h3", {}, change.name), make("div", { className: "bins" }, ...buttons), ends);
};
const draw = (focus) => {  // what is pressed keeps the focus
  let shown = 0;
  for (let k = 0; k < total; k++) if (found(k) && changed(k, null) && inCell(k)) shown++;
  const what = cell ? `, ${data.classes[cell[0]]} taken for ${data.classes[cell[1]]}` : "";
  const left = few ? "" : ` Of ${data.classes.length.toLocaleString("en")} classes the ${data.most} with most mistakes are shown.`;
  said.textContent = `${shown.toLocaleString("en")} of ${total.toLocaleString("en")} mistakes${what}.${left}`;
  gridPlace.replaceChildren(grid());
  barsPlace.replaceChildren(...changes.map(bars));
  if (focus) root.querySelector(`[data-at="${focus}"]`)?.focus({ preventScroll: true });
};
draw();
