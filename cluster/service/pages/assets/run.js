"use strict";
// A run's page: what it printed is fetched when somebody looks at it.
(() => {
  for (const element of document.querySelectorAll("details[data-load]")) {
    const place = element.querySelector("pre");
    let timer;
    const load = async () => {
      try {
        const text = await (await outvoted.send(element.dataset.load, { method: "GET" })).text();
        const below = place.scrollHeight - place.scrollTop - place.clientHeight < 40;
        if (place.textContent !== text) place.textContent = text;
        if (below) place.scrollTop = place.scrollHeight;
      } catch (error) { place.textContent = error.message; }
      clearTimeout(timer);
      if (element.open && document.querySelector("#live[data-live]")) timer = setTimeout(load, 3000);
    };
    element.addEventListener("toggle", () => { if (element.open) load(); else clearTimeout(timer); });
  }
})();
