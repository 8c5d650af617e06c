"use strict";
// The list of runs: found as one types, two chosen to be compared.
(() => {
  const form = document.getElementById("filters");
  if (!form) return;
  form.querySelector("button").hidden = true;
  let waiting;
  const find = () => {
    const given = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    history.replaceState(null, "", given.size ? `/?${given}` : "/");
    given.set("part", "list");
    document.getElementById("list").dispatchEvent(new CustomEvent("outvoted:ask", { bubbles: true, detail: `/?${given}` }));
  };
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(find, 200); });
  form.addEventListener("submit", (event) => { event.preventDefault(); find(); });

  // Of the boxes at most two are ticked: the third unticks the first.
  const ticked = [];
  document.addEventListener("change", (event) => {
    if (!event.target.matches(".pick input")) return;
    const box = event.target;
    const known = ticked.indexOf(box.id);
    if (known >= 0) ticked.splice(known, 1);
    if (box.checked) ticked.push(box.id);
    if (ticked.length > 2) {
      const first = document.getElementById(ticked.shift());
      if (first) first.checked = false;
    }
    document.querySelector("button.compare").classList.toggle("primary", ticked.length === 2);
  });
})();
