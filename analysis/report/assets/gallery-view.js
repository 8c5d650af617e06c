// How the gallery's parts look.
const make = (tag, properties = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value; else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
};
const canvas = (label) => make("canvas", {
  width: data.sheets.width, height: data.sheets.height, role: "img", "aria-label": label,
});
const answerOf = (item) => `${className(columns.label[item])} → ${className(columns.predicted[item])}`;

const tile = (item, open) => {
  const pair = make("span", { className: "pair" });
  for (const frame of new Set([0, lastFrame(item)])) {
    const image = canvas("");
    image.setAttribute("aria-hidden", "true");
    paint(image, item, frame);
    pair.append(image);
  }
  const button = make("button", { type: "button" }, pair,
    make("span", { className: "answer" }, answerOf(item)),
    make("span", { className: "quiet" }, data.peers[columns.target[item]]));
  button.addEventListener("click", () => open(item));
  return make("li", {}, button);
};

const bar = (kind, value) => {
  const fill = make("span", { className: `fill ${kind}` });
  fill.style.width = `${100 * (value ?? 0)}%`;
  return make("span", { className: "bar" }, make("span", { className: "track" }, fill),
    make("span", { className: "value" }, value === null ? "–" : value.toFixed(3)));
};
const ROLES = ["target", "", "held out"];
const ballot = (item, vote) => {
  const right = vote.answer === columns.label[item];
  const name = make("th", { scope: "row" }, vote.name);
  if (ROLES[vote.role]) name.append(" ", make("span", { className: "role" }, ROLES[vote.role]));
  return make("tr", { className: vote.role === 0 ? "is-target" : "" }, name,
    make("td", { className: right ? "answer" : "answer differs" }, className(vote.answer)),
    make("td", {}, bar("label", vote.label), bar("predicted", vote.predicted)));
};
const ballots = (item, frame) => {
  const head = make("tr", {}, ...["network", "answers", "probability"].map((text) => make("th", { scope: "col" }, text)));
  return make("table", { className: "ballots" }, make("thead", {}, head),
    make("tbody", {}, ...votes(item, frame).map((vote) => ballot(item, vote))));
};
const legend = (item) => make("p", { className: "legend quiet" },
  make("span", { className: "swatch label" }), `label, ${className(columns.label[item])}`,
  make("span", { className: "swatch predicted" }), `wrong class, ${className(columns.predicted[item])}`);

const figure = (value) => Number(value.toPrecision(3)).toString();
const measured = (item, frame) => make("dl", { className: "measures" },
  ...described(item, frame).map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, figure(value)))));
const stepName = (item, frame) => {
  const step = columns.steps[firstFrame[item] + frame], moves = columns.moves[item];
  if (!moves) return "as it is";
  return step === 0 ? `seed; ${moves} ${moves === 1 ? "move" : "moves"} to the ${data.what}` : `move ${step} of ${moves}`;
};
