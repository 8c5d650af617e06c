// One mistake: its climb is fetched once the page is there, and gone through step by step.
const part = (name) => document.getElementById(name);
let frames = [], frame = 0;

async function load() {
  const place = part("climb"), { address } = place?.dataset ?? {};
  if (address) {
    try {
      const found = await (await outvoted.send(address, { method: "GET" })).text();
      place.replaceWith(new DOMParser().parseFromString(found, "text/html").getElementById("climb"));
    } catch (error) {
      place.querySelector(".quiet").textContent = `The climb cannot be shown: ${error.message}`;
      return;
    }
  }
  frames = [...document.querySelectorAll(".strip a")];
  frames.forEach((link, k) => link.addEventListener("click", (event) => { event.preventDefault(); step(k); }));
  frame = Math.max(0, frames.findIndex((link) => link.ariaCurrent));
}

function step(wanted) {
  frame = Math.min(Math.max(wanted, 0), frames.length - 1);
  frames.forEach((link, k) => { link.ariaCurrent = k === frame ? "step" : null; });
  for (const dot of document.querySelectorAll(".curve [data-at]")) dot.classList.toggle("here", Number(dot.dataset.at) === frame);
  part("shown").firstElementChild.src = frames[frame].querySelector("img").src;
  part("votes").replaceChildren(...[...document.querySelector(`[data-step="${frame}"]`).cloneNode(true).children]);
  part("step").textContent = frames[frame].ariaLabel;
  frames[frame].scrollIntoView({ block: "nearest", inline: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
  const follow = (selector) => document.querySelector(selector)?.click();
  const along = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.key === "Escape") follow("#back");
  else if (along && event.shiftKey) follow(along < 0 ? "a[rel=prev]" : "a[rel=next]");
  else if (along && frames.length) step(frame + along);
  else return;
  event.preventDefault();
});

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    outvoted.say(`Copied: ${button.dataset.copy}`);
  });
}
load();
