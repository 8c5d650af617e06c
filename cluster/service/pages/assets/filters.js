// Another choice of filters is another page, of which only what differs is put in place.
const part = (name) => document.getElementById(name);

// `parts` are the elements that differ, by id, the form first; `begun` is called whenever they are there anew.
export function filtering(parts, begun) {
  let asked = 0;
  async function turn(address, push) {
    const mine = ++asked;
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== asked) return;  // a later choice was quicker
    if (parts.some((name) => !page.getElementById(name))) { location.assign(address); return; }
    const focused = document.activeElement?.id, open = document.querySelector("#filters details[open]")?.id;
    if (push) history.pushState(null, "", address);
    for (const name of parts) part(name).replaceWith(document.adoptNode(page.getElementById(name)));
    if (open) part(open)?.setAttribute("open", "");
    if (focused) (part(focused) ?? part("filters").querySelector("summary"))?.focus({ preventScroll: true });
    document.title = page.title;
    outvoted.say(part("found").textContent, 2);
    begun();
  }
  const chosen = (form) => {
    const values = [...new FormData(form)].filter(([, value]) => value !== "");
    return `${form.getAttribute("action")}?${new URLSearchParams(values)}`;
  };
  const close = (but) => {
    for (const open of document.querySelectorAll("#filters details[open]")) if (!but || !open.contains(but)) open.open = false;
  };
  document.addEventListener("change", (event) => {
    const form = event.target.closest("#filters");
    if (form) turn(chosen(form), true);
  });
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "filters") return;
    event.preventDefault();
    turn(chosen(event.target), true);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#filters a, a[data-turn]");
    close(event.target);
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    turn(link.href, true);
  });
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && document.querySelector("#filters details[open]");
    if (!open) return;
    close();
    open.querySelector("summary").focus();
  });
  addEventListener("popstate", () => turn(location.href, false));
}
