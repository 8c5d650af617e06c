"use strict";
// A labeller's page. The server keeps everything: an image is left only when its answer is on disk there.
(() => {
  const RETRY = 1000; // milliseconds
  const PATIENCE = 10000;
  const FRESH = 5000;
  const SPOKEN = { none: ["-", "None, or unrecognisable"], skipped: [".", "Skip"] };
  const root = document.getElementById("labelling");
  const page = Object.fromEntries([...root.querySelectorAll("[id]")].map((element) => [element.id, element]));
  const api = root.dataset.api;

  let labeller = "";
  let classes = [];
  let words = [];
  let items = [];
  let answers = []; // by place; null where there is none yet
  let place = 0;
  let busy = true; // until the image is seen, and until its answer is saved

  const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
  const say = (text) => { if (page.message.textContent !== text) page.message.textContent = text; };
  const where = document.getElementById("where"); // the run's other pages, for those who may see them
  const show = (id) => {
    for (const part of ["who", "task", "done"]) page[part].hidden = part !== id;
    if (where) where.hidden = id === "task";
  };
  const work = (now) => { busy = now; page.task.setAttribute("aria-busy", now); };
  const query = (values) => new URLSearchParams(values).toString();
  const pictureAt = (where) => `${api}/pictures/${items[where]}?${query({ labeller })}`;
  const nextWithout = () => { const found = answers.indexOf(null); return found < 0 ? answers.length : found; };
  const called = (answer) => ({ none: "none", skipped: "skip" })[answer] ?? classes[answer].name;

  // Ask the server again and again while it does not answer; throw what it refuses.
  async function ask(path, json) {
    for (;;) {
      try {
        const method = json === undefined ? "GET" : "POST";
        const answer = await outvoted.send(`${api}${path}`, { method, json, signal: AbortSignal.timeout(PATIENCE) });
        const found = await answer.json();
        say("");
        return found;
      } catch (error) {
        if (error.status && error.status !== 429 && error.status < 500) throw error;
        say("The server does not answer. " + (json ? "This answer is not saved yet; it is kept here and sent again" :
          "This page tries again") + " until it does. If it was ended, start it again and open the address it prints.");
        await pause(RETRY);
      }
    }
  }

  async function begin(name) {
    labeller = name;
    let sheet;
    try {
      sheet = await ask(`/sheet?${query({ labeller })}`);
    } catch (error) {
      askName(error.message);
      return;
    }
    history.replaceState(null, "", `?${query({ labeller })}`);
    ({ classes, words, items, answers } = sheet);
    page.labeller.textContent = name;
    page.progress.max = Math.max(1, items.length);
    page.choices.replaceChildren(...classes.map(({ key, name }, label) => choice(label, key, name)));
    page.words.replaceChildren(...words.map((word) => choice(word, ...SPOKEN[word])));
    page.words.hidden = !words.length;
    await go(nextWithout());
  }

  function askName(wrong = "") {
    show("who");
    say(wrong);
    page.name.value = labeller;
    page.name.focus();
    count();
  }

  // Who has labelled how much, fresh while the page asks for a name.
  async function count() {
    while (!page.who.hidden) {
      if (!document.hidden) {
        try {
          const { labellers } = await (await outvoted.send(`${api}/progress`, { method: "GET" })).json();
          page.counts.replaceChildren(...labellers.map(counted));
          page.others.hidden = !labellers.length;
        } catch { /* asked again */ }
      }
      await pause(FRESH);
    }
  }

  function counted({ name, labelled }) {
    const line = document.createElement("li");
    const number = document.createElement("span");
    number.textContent = labelled.toLocaleString("en");
    number.className = "quiet";
    line.append(name, number);
    return line;
  }

  function choice(answer, key, name) {
    const button = document.createElement("button");
    const shown = document.createElement("kbd");
    button.type = "button";
    button.dataset.answer = answer;
    shown.textContent = key;
    button.append(shown, ...(name === key ? [] : [` ${name}`]));
    button.addEventListener("click", () => put(answer));
    return button;
  }

  const press = (answer) => root.querySelectorAll("#task [data-answer]").forEach((button) =>
    button.setAttribute("aria-pressed", button.dataset.answer === String(answer)));

  // Show a place, or beyond the last one that all is done. Keys count only once the image is there.
  async function go(to) {
    work(true);
    place = to;
    const done = answers.filter((answer) => answer !== null).length;
    page.count.textContent = `${done} of ${items.length}`;
    page.progress.value = done;
    if (place >= items.length) {
      page.all.textContent = `All ${items.length} images are labelled.`;
      show("done");
      page.finished.focus();
      work(false);
      return;
    }
    const known = answers[place];
    page.question.textContent = known === null ? "What does this image show?" :
      `You said ${called(known)}. What does this image show?`;
    press(known);
    page.undo.disabled = known === null;
    page.back.disabled = place === 0;
    page.forth.disabled = place >= nextWithout();
    await see(pictureAt(place), `Image ${place + 1} of ${items.length}, to be labelled`);
    work(false);
    if (place + 1 < items.length) new Image().src = pictureAt(place + 1); // so that it is there at once
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
        say("The image does not come. This page tries again until it does; every answer so far is saved.");
        await pause(RETRY);
      }
    }
  }

  // Save an answer, and only then go on: from a correction to the first image that has none.
  async function put(answer) {
    if (busy || page.task.hidden || (answer === null && answers[place] === null)) return;
    work(true);
    press(answer);
    try {
      await ask("", { labeller, item: items[place], answer });
      answers[place] = answer;
      await go(answer === null ? place : nextWithout());
    } catch (error) {
      if (!error.status) throw error;
      press(answers[place]);
      say(`Not saved.\n${error.message}`);
      work(false);
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
    else if (event.key === "Delete") { if (!event.repeat) put(null); }
    else {
      const label = classes.findIndex(({ key }) => key === event.key.toLowerCase());
      const answer = label >= 0 ? label : words.find((word) => SPOKEN[word][0] === event.key);
      if (answer === undefined || event.repeat) return; // a key that is held down labels one image
      put(answer);
    }
    event.preventDefault();
  });

  page.back.addEventListener("click", () => step(-1));
  page.again.addEventListener("click", () => step(-1));
  page.forth.addEventListener("click", () => step(1));
  page.undo.addEventListener("click", () => put(null));
  page.who.addEventListener("submit", (event) => {
    event.preventDefault();
    begin(page.name.value.trim());
  });

  const given = new URLSearchParams(location.search).get("labeller");
  if (given) begin(given);
  else askName();
})();
