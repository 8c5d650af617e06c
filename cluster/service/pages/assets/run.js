"use strict";
// A run's page: its bars as they move, the newest mistakes, and what it printed, fetched when somebody looks.
(() => {
  const count = (number) => Math.round(number).toLocaleString("en");
  const element = (name, values = {}) => Object.assign(document.createElement(name), values);

  const made = (name) => {
    const item = element("li");
    item.dataset.task = name;
    const meter = element("progress");
    meter.setAttribute("aria-label", name);
    item.append(element("span", { textContent: name }), element("span", { className: "much" }), meter, element("p", { className: "quiet" }));
    return item;
  };
  const draw = (bars, task) => {
    const item = [...bars.children].find((one) => one.dataset.task === task.task) ?? bars.appendChild(made(task.task));
    const of = task.total ? ` of ${count(task.total)}` : "";
    const fast = !(task.per_second >= 1) || task.done === task.total ? "" : ` · ${count(task.per_second)}/s`;
    item.querySelector(".much").textContent = `${count(task.done)}${of}${fast}`;
    const meter = item.querySelector("progress");
    if (task.total) { meter.max = task.total; meter.value = Math.min(task.done, task.total); } else meter.removeAttribute("value");
    meter.classList.toggle("over", Boolean(task.total) && task.done >= task.total);
    const said = item.querySelector("p") ?? item.appendChild(element("p", { className: "quiet" }));
    said.textContent = task.details;
  };

  let names = null, shown = 0;
  const tile = (base, { search, number, label, predicted }) => {
    const from = names?.[label] ?? label, to = names?.[predicted] ?? predicted;
    const item = element("li"), link = element("a", { href: `${base}/${search}/${number}` });
    const picture = element("img", { src: `/v1${base}/${search}/${number}/image.png?scale=2`, alt: "", width: 56, height: 56 });
    picture.addEventListener("error", () => item.remove());
    link.append(picture, `${from} → ${to}`);
    item.append(link);
    return item;
  };
  document.addEventListener("outvoted:event", (event) => {
    const { name, data } = event.detail, live = document.getElementById("live");
    if (name === "run") {
      names = data.data?.class_names ?? null;
      const bars = document.getElementById("bars");
      if (!bars || data.state !== live.dataset.state) return;
      bars.hidden = !data.tasks.length;
      data.tasks.forEach((task) => draw(bars, task));
      event.preventDefault();
    }
    const place = document.getElementById("fresh");
    if (name === "mistakes" && place) {
      event.preventDefault();
      if (Date.now() - shown < 2500) return;
      shown = Date.now();
      const tiles = data.fresh.slice(-12).reverse().map((one) => tile(place.dataset.base, one));
      place.querySelector("ul").replaceChildren(...tiles);
      place.hidden = false;
    }
  });

  for (const part of document.querySelectorAll("details[data-load]")) {
    const place = part.querySelector("pre");
    let timer;
    const load = async () => {
      try {
        const text = await (await outvoted.send(part.dataset.load, { method: "GET" })).text();
        const below = place.scrollHeight - place.scrollTop - place.clientHeight < 40;
        if (place.textContent !== text) place.textContent = text;
        if (below) place.scrollTop = place.scrollHeight;
      } catch (error) { place.textContent = error.message; }
      clearTimeout(timer);
      if (part.open && document.querySelector("#live[data-live]")) timer = setTimeout(load, 3000);
    };
    part.addEventListener("toggle", () => { if (part.open) load(); else clearTimeout(timer); });
  }
})();
