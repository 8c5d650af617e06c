"use strict";
// Starting a run: fields that appear with what is chosen, what was changed marked, lines of YAML numbered.
(() => {
  const form = document.getElementById("start");

  const mark = (input) => input.classList.toggle("changed", input.value.trim() !== input.dataset.start.trim());
  form.addEventListener("input", ({ target }) => { if (target.dataset.start !== undefined) mark(target); });

  // A choice with settings of its own: the server makes the form anew, and it takes the place of this one.
  form.addEventListener("change", async ({ target }) => {
    if (!target.matches("[data-shows]")) return;
    const given = new FormData(form);
    given.set("do", "show");
    try {
      const text = await (await outvoted.send(form.action, { body: new URLSearchParams(given) })).text();
      const fresh = new DOMParser().parseFromString(text, "text/html");
      const open = new Set([...document.querySelectorAll("#start details[open]")].map((one) => one.id));
      for (const group of fresh.querySelectorAll("#start fieldset.group details")) if (open.has(group.id)) group.open = true;
      const theirs = fresh.querySelectorAll("#start > fieldset.group"), ours = form.querySelectorAll(":scope > fieldset.group");
      ours.forEach((group, place) => {
        if (theirs[place] && group.outerHTML !== theirs[place].outerHTML) group.replaceWith(theirs[place]);
      });
      const again = document.getElementById(target.id);
      again?.focus({ preventScroll: true });
      outvoted.say(`The settings of ${target.value} are shown.`, 3);
    } catch (error) { outvoted.say(error.message); }
  });

  const text = document.getElementById("config");
  if (!text) return;
  const numbers = text.previousElementSibling;
  const bad = new Set((text.dataset.bad ?? "").split(" ").filter(Boolean).map(Number));
  const number = () => {
    const lines = text.value.split("\n").length;
    if (numbers.childElementCount === lines) return;
    numbers.replaceChildren(...Array.from({ length: lines }, (_, place) => {
      const item = document.createElement("li");
      item.textContent = place + 1;
      item.classList.toggle("bad", bad.has(place + 1));
      return item;
    }));
  };
  const follow = () => { numbers.scrollTop = text.scrollTop; numbers.style.maxHeight = `${text.clientHeight}px`; };
  text.addEventListener("input", () => { number(); follow(); });
  text.addEventListener("scroll", follow);
  new ResizeObserver(follow).observe(text);
  number();
  follow();

  const go = (line, column) => {
    const lines = text.value.split("\n");
    const from = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    text.focus();
    text.setSelectionRange(from + column - 1, from + (lines[line - 1] ?? "").length);
    text.scrollTop = Math.max(0, (line - 4) * parseFloat(getComputedStyle(text).lineHeight));
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-line]");
    if (!link) return;
    event.preventDefault();
    go(Number(link.dataset.line), Number(link.dataset.column));
  });
  const first = document.querySelector("a[data-line]");
  if (first) go(Number(first.dataset.line), Number(first.dataset.column));
})();
