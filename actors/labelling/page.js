// A labeller's page. The server keeps everything: an image is left only when its label is on disk there.
"use strict";

const RETRY = 1000; // milliseconds
const PATIENCE = 5000;
const page = Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));

let labeller = "";
let classes = [];
let labels = []; // by place; null where there is none yet
let place = 0;
let busy = true; // until the image is seen, and until its label is saved

const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
const say = (text) => { if (page.message.textContent !== text) page.message.textContent = text; };
const show = (id) => { for (const part of ["who", "task", "done"]) page[part].hidden = part !== id; };
const pictureAt = (where) => `picture?${new URLSearchParams({ labeller, place: where })}`;
const nextWithout = () => { const found = labels.indexOf(null); return found < 0 ? labels.length : found; };

class Refused extends Error {}

// Ask the server again and again while it does not answer; throw what it refuses.
async function ask(path, body) {
  for (;;) {
    let answer;
    try {
      const sent = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
      answer = await fetch(path, { ...sent, signal: AbortSignal.timeout(PATIENCE) });
      if (answer.ok) {
        const found = await answer.json();
        say("");
        return found;
      }
    } catch {
      say("The server does not answer. " + (body ? "This label is not saved yet; it is kept here and sent again" :
        "This page tries again") + " until it does. If it was ended, start it again and open the address it prints.");
      await pause(RETRY);
      continue;
    }
    throw new Refused(await answer.text());
  }
}

async function begin(name) {
  labeller = name;
  let sheet;
  try {
    sheet = await ask(`sheet?${new URLSearchParams({ labeller })}`);
  } catch (error) {
    askName(error.message);
    return;
  }
  history.replaceState(null, "", `?${new URLSearchParams({ labeller })}`);
  ({ classes, labels } = sheet);
  document.title = `Label ${sheet.study}`;
  page.labeller.textContent = name;
  page.progress.max = labels.length;
  page.choices.replaceChildren(...classes.map(choice));
  await go(nextWithout());
}

function askName(wrong = "") {
  show("who");
  say(wrong);
  page.name.value = labeller;
  page.name.focus();
}

function choice({ key, name }, label) {
  const button = document.createElement("button");
  const shown = document.createElement("kbd");
  shown.textContent = key;
  button.append(shown, ...(name === key ? [] : [` ${name}`]));
  button.addEventListener("click", () => put(label));
  return button;
}

// Show a place, or beyond the last one that all is done. Keys count only once the image is there.
async function go(to) {
  busy = true;
  place = to;
  const done = labels.filter((label) => label !== null).length;
  page.count.textContent = `${done} of ${labels.length}`;
  page.progress.value = done;
  if (place >= labels.length) {
    page.all.textContent = `All ${labels.length} images are labelled.`;
    show("done");
    page.finished.focus();
    busy = false;
    return;
  }
  const known = labels[place];
  page.question.textContent = known === null ? "What does this image show?" :
    `You said ${classes[known].name}. What does this image show?`;
  [...page.choices.children].forEach((button, label) => button.setAttribute("aria-pressed", label === known));
  await see(pictureAt(place), `Image ${place + 1} of ${labels.length}, to be labelled`);
  busy = false;
  if (place + 1 < labels.length) new Image().src = pictureAt(place + 1); // so that it is there at once
}

async function see(source, text) {
  show("task");
  for (;;) {
    page.picture.src = source;
    page.picture.alt = text;
    try {
      await page.picture.decode();
      say("");
      return;
    } catch {
      say("The server does not answer. This page tries again until it does; every label so far is saved.");
      await pause(RETRY);
    }
  }
}

// Save a label, and only then go on: from a correction to the first image that has none.
async function put(label) {
  if (busy || page.task.hidden) return;
  busy = true;
  const buttons = [...page.choices.children];
  buttons.forEach((button, index) => button.setAttribute("aria-pressed", index === label));
  try {
    await ask("label", { labeller, place, label });
    labels[place] = label;
    await go(nextWithout());
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", index === labels[place]));
    say(`Not saved.\n${error.message}`);
    busy = false;
  }
}

function step(by) {
  const to = Math.min(Math.max(place + by, 0), nextWithout());
  if (!busy && to !== place) go(to);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !page.who.hidden) return;
  if (event.key === "Backspace" || event.key === "ArrowLeft") step(-1);
  else if (event.key === "ArrowRight") step(1);
  else {
    const label = classes.findIndex(({ key }) => key === event.key.toLowerCase());
    if (label < 0 || event.repeat) return; // a key that is held down labels one image
    put(label);
  }
  event.preventDefault();
});

page.who.addEventListener("submit", (event) => {
  event.preventDefault();
  begin(page.name.value.trim());
});

const given = new URLSearchParams(location.search).get("labeller");
if (given) begin(given);
else askName();
