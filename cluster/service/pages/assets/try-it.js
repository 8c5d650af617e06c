// Moves an image by hand: every change asks for the image and for every network's answer. One question is
// under way at a time, and the next one is what was wanted last: answers to what is no longer shown are dropped.
const PAUSE = 60; // milliseconds in which changes are collected
const WAITS = 20; // times that a panel which is being loaded is asked again
const form = document.getElementById("try");
if (form) begin(Object.fromEntries([...form.querySelectorAll("[id]")].map((element) => [element.id, element])));

function begin(page) {
  const dials = [...form.querySelectorAll("input[name=dial]")];
  const address = `/v1/runs/${encodeURIComponent(form.dataset.run)}/render`;
  let start = { seed: Number(page.seed.value) }; // or { image: base64 }
  let source = 0; // counts what is started from
  let busy = false, again = false, timer = 0, seeds = 0;

  for (const id of ["from", "another", "hands"]) page[id].hidden = false;
  page.hands.hidden = !dials.length;

  const soon = () => { clearTimeout(timer); timer = setTimeout(ask, PAUSE); };
  const from = (what) => { start = what; source += 1; soon(); };

  async function ask() {
    if (busy) { again = true; return; }
    busy = true;
    const asked = source;
    page.ballots.closest(".try").ariaBusy = "true";
    try {
      const found = await render(address, { ...start, dials: dials.map((dial) => Number(dial.value)) }, say);
      if (asked === source) {
        if ("image" in start) start = { image: found.start }; // the size that networks see: less to send
        seeds = found.seeds;
        page.seed.max = seeds - 1;
        show(page, found, dials);
      }
    } catch (error) {
      if (asked === source) say(error.message);
    }
    busy = false;
    page.ballots.closest(".try").ariaBusy = "false";
    if (again) { again = false; ask(); }
  }

  function say(text) { if (page.verdict.textContent !== text) page.verdict.textContent = text; }

  form.addEventListener("submit", (event) => { event.preventDefault(); soon(); });
  page.run.addEventListener("change", () => { location.href = `/try?run=${encodeURIComponent(page.run.value)}`; });
  for (const dial of dials) dial.addEventListener("input", soon);
  page.home.addEventListener("click", () => { for (const dial of dials) dial.value = dial.dataset.home; soon(); });
  page.shake.addEventListener("click", () => { for (const dial of dials) dial.value = Math.random(); soon(); });

  const seedFrom = () => {
    if (page.seed.value === "" || !page.seed.checkValidity()) { page.seed.reportValidity(); return; }
    history.replaceState(null, "", `/try?${new URLSearchParams({ run: form.dataset.run, seed: page.seed.value })}`);
    from({ seed: Number(page.seed.value) });
  };
  page.seed.addEventListener("input", seedFrom);
  page.another.addEventListener("click", () => {
    page.seed.value = Math.floor(Math.random() * (seeds || 100));
    seedFrom();
  });

  const parts = [...form.querySelectorAll("[data-part]")], choices = [...page.from.children];
  const drawing = canvas(page, from);
  const choose = (name) => {
    for (const part of parts) part.hidden = part.dataset.part !== name;
    for (const choice of choices) choice.ariaPressed = String(choice.dataset.from === name);
    if (name === "seed") seedFrom();
    if (name === "draw") drawing();
  };
  for (const choice of choices) choice.addEventListener("click", () => choose(choice.dataset.from));

  const take = async (file) => {
    if (!file) return;
    choose("file");
    from({ image: await base64(file) });
  };
  page.file.addEventListener("change", () => take(page.file.files[0]));
  document.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("dropping"); });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) form.classList.remove("dropping"); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("dropping");
    take(event.dataTransfer.files[0]);
  });

  if (!page.image.hasAttribute("src")) ask();
}

// Ask for an image and its answers; a panel that is being loaded is asked again.
async function render(address, wanted, say) {
  const csrf = document.querySelector("meta[name=csrf]");
  const headers = { "Content-Type": "application/json", ...(csrf && { "X-CSRF-Token": csrf.content }) };
  for (let waited = 0; ; waited += 1) {
    const slow = setTimeout(() => say("The panel is being loaded, which takes a while the first time …"), 700);
    let answer, found;
    try {
      answer = await fetch(address, { method: "POST", headers, body: JSON.stringify(wanted) });
      found = await answer.json();
    } catch {
      throw new Error("The service does not answer. Move something to try again.");
    } finally {
      clearTimeout(slow);
    }
    if (answer.ok) return found;
    const { expected, found: there, remedy } = found.error ?? {};
    const text = expected ? `Expected ${expected}; found ${there}. ${remedy}.` : `The service answers ${answer.status}.`;
    if (![429, 503].includes(answer.status) || waited === WAITS) throw new Error(text);
    say(text);
    await new Promise((resolve) => setTimeout(resolve, 1000 * Number(answer.headers.get("Retry-After") || 1)));
  }
}

function show(page, found, dials) {
  const { shape: [channels, height, width], after, before, classes, peers, label } = found;
  page.image.src = `data:image/png;base64,${found.image}`;
  page.start.src = `data:image/png;base64,${found.start}`;
  page.size.textContent = `: ${width} × ${height}, ${channels === 1 ? "grey" : "RGB"}${found.fitted ? ", made to fit" : ""}`;
  page.label.textContent = label === null ? "before it was moved" : `the seed, labelled ${classes[label]}`;
  page["seed-said"].textContent = label === null ? "A labelled image that searches of this run may start from."
    : `Labelled ${classes[label]}; one of ${found.seeds.toLocaleString("en")} that searches of this run may start from.`;
  const sentence = verdict(after, classes, peers, label);
  if (page.verdict.textContent !== sentence) page.verdict.textContent = sentence;
  const rows = peers.map((name, place) => ballot(name, after.probabilities[place], after.answers[place],
    before.answers[place], classes, after.outvoted === place));
  if (after.referee) {
    const row = ballot("referee, not on the panel", after.referee.probabilities, after.referee.answer,
      before.referee?.answer ?? null, classes, false);
    row.className = "referee";
    rows.push(row);
  }
  page.ballots.replaceChildren(...rows);
  page.realism.textContent = realism(after, classes);
  for (const dial of dials) measured(dial, found.measures);
  page.all.hidden = false;
  page.table.replaceChildren(...table(after, classes, peers));
}

function verdict({ consensus, outvoted, answers }, classes, peers, label) {
  if (consensus === null) return "The panel is split: no class is what all networks, or all but one, answer.";
  const though = label === null || label === consensus ? "" : `, though it is labelled ${classes[label]}`;
  if (outvoted === null) return `All ${peers.length} networks answer ${classes[consensus]}${though}: nobody is outvoted.`;
  const other = answers[outvoted] === null ? "has no answer" : `answers ${classes[answers[outvoted]]}`;
  return `${peers[outvoted]} is outvoted: it ${other}, all others answer ${classes[consensus]}${though}.`;
}

function realism({ consensus, realism: share }, classes) {
  if (share === null || share === undefined) return "";
  return `Realism ${share.toFixed(2)}: the share of real images of ${classes[consensus]} that lie farther from the others than this image does.`;
}

function ballot(name, probabilities, answer, was, classes, out) {
  const row = element("li"), who = element("span", name, "who");
  if (out) { row.className = "out"; who.append(" ", element("span", "outvoted", "tag")); }
  const order = probabilities.map((value, place) => [value ?? 0, place]).sort((a, b) => b[0] - a[0]);
  const next = order.slice(1, 3).map(([value, place]) => `${classes[place]} ${percent(value)}`);
  if (was !== null && was !== answer) next.push(`before: ${classes[was]}`);
  const bar = element("progress");
  bar.max = 1;
  bar.value = answer === null ? 0 : order[0][0];
  bar.ariaLabel = `${name}: ${answer === null ? "no answer" : classes[answer]}`;
  row.append(who, element("span", answer === null ? "no answer" : classes[answer], "what"),
    element("span", answer === null ? "" : percent(order[0][0]), "sure"), bar,
    element("span", answer === null ? "" : next.join(", "), "next"));
  return row;
}

function table({ probabilities, answers }, classes, peers) {
  const head = element("thead"), body = element("tbody"), names = element("tr");
  names.append(...["class", ...peers].map((name) => Object.assign(element("th", name), { scope: "col" })));
  head.append(names);
  classes.slice(0, 200).forEach((name, label) => {
    const row = element("tr");
    row.append(Object.assign(element("th", name), { scope: "row" }), ...peers.map((_, place) =>
      element("td", percent(probabilities[place][label]), answers[place] === label ? "figure most" : "figure")));
    body.append(row);
  });
  return [head, body];
}

function measured(dial, measures) {
  const { name, low, high, steps, unit } = dial.dataset;
  const value = measures[name] ?? Number(low) + Number(dial.value) * (Number(high) - Number(low));
  const text = steps ? String(Math.round(dial.value * steps)) : Number(value.toPrecision(3)).toLocaleString("en");
  dial.parentElement.querySelector("output").textContent = text;
  dial.setAttribute("aria-valuetext", unit ? `${text} ${unit}` : text);
}

// White on black, as digits are; what is drawn is asked about while it is drawn.
function canvas(page, from) {
  const context = page.canvas.getContext("2d");
  let last = null;
  const wipe = () => { context.fillStyle = "#000"; context.fillRect(0, 0, page.canvas.width, page.canvas.height); };
  const send = () => from({ image: page.canvas.toDataURL("image/png").split(",")[1] });
  const at = (event) => {
    const box = page.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * (page.canvas.width / box.width), (event.clientY - box.top) * (page.canvas.height / box.height)];
  };
  const line = (to) => {
    Object.assign(context, { strokeStyle: "#fff", lineWidth: Number(page.brush.value), lineCap: "round", lineJoin: "round" });
    context.beginPath();
    context.moveTo(...last);
    context.lineTo(...to);
    context.stroke();
    last = to;
  };
  page.canvas.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    page.canvas.setPointerCapture(event.pointerId);
    last = at(event);
    line(last);
    send();
  });
  page.canvas.addEventListener("pointermove", (event) => {
    if (last === null) return;
    for (const one of event.getCoalescedEvents?.() ?? [event]) line(at(one));
    send();
  });
  for (const end of ["pointerup", "pointercancel"]) page.canvas.addEventListener(end, () => { last = null; });
  page.clear.addEventListener("click", () => { wipe(); send(); });
  wipe();
  return send;
}

const percent = (value) => (value === null ? "–" : `${(100 * value).toFixed(1)}%`);

function element(tag, text = "", className = "") {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.split(",")[1] ?? "");
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
