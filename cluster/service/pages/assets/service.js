"use strict";
// What every page of the service can do: say something, send something, and keep parts of itself fresh.
(() => {
  const said = document.getElementById("said");
  let quiet;
  outvoted.say = (text, seconds = 6) => {
    clearTimeout(quiet);
    said.textContent = text;
    if (seconds) quiet = setTimeout(() => { said.textContent = ""; }, 1000 * seconds);
  };

  // Sends and returns the answer; an answer that is an error is thrown in its own words.
  outvoted.send = async (url, { method = "POST", json, body, headers = {}, signal } = {}) => {
    const token = document.querySelector('meta[name="csrf"]')?.content;
    const answer = await fetch(url, {
      method, signal, credentials: "same-origin",
      headers: { ...(token && method !== "GET" ? { "X-CSRF-Token": token } : {}), ...(json === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      body: json === undefined ? body : JSON.stringify(json),
    });
    if (answer.ok) return answer;
    let error;
    try { ({ error } = await answer.json()); } catch { /* not ours, a proxy's say */ }
    throw Object.assign(new Error(error ? `${error.found}; ${error.remedy}` : `the server answered ${answer.status}`), { status: answer.status, ...error });
  };

  // [data-live=URL] is asked for again every [data-every] seconds, or when [data-events=URL] tells of something, and
  // replaced where it changed; what comes without data-live stays as it is. Hidden pages ask for nothing.
  const busy = (element) => element.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")
    || element.querySelector("details.ask[open]");
  const keep = (element) => {
    const open = new Set([...element.querySelectorAll("details[id][open]")].map((one) => one.id));
    const focused = document.activeElement?.id && element.contains(document.activeElement) ? document.activeElement.id : null;
    const checked = new Set([...element.querySelectorAll("input[id]:checked")].map((one) => one.id));
    return () => {
      for (const id of open) document.getElementById(id)?.setAttribute("open", "");
      for (const id of checked) { const box = document.getElementById(id); if (box) box.checked = true; }
      if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    };
  };
  const changed = (element) => {  // another state: whatever else is live on the page is no longer true
    for (const other of document.querySelectorAll("[data-live]")) {
      if (other !== element) other.dispatchEvent(new CustomEvent("outvoted:ask", { bubbles: true, detail: other.dataset.live }));
    }
  };
  const follow = (start) => {
    let element = start, timer, source, last = null, failed = 0, asked = 0, ended = false;
    const later = () => {
      clearTimeout(timer);
      if (!element.dataset.live || document.hidden) return;
      const every = source?.readyState === EventSource.OPEN ? 10 : Number(element.dataset.every) || 5;
      timer = setTimeout(ask, 1000 * Math.min(30, every * 2 ** failed));
    };
    const put = (text) => {
      const holder = document.createElement("template");
      holder.innerHTML = text;
      const fresh = holder.content.firstElementChild;
      const restore = keep(element), before = element;
      element.replaceWith(fresh);
      element = fresh;
      restore();
      outvoted.enliven(element);
      if (before.dataset.state !== fresh.dataset.state) changed(fresh);
    };
    async function ask() {
      clearTimeout(timer);
      asked = Date.now();
      try {
        const text = await (await outvoted.send(element.dataset.live, { method: "GET" })).text();
        if (failed) outvoted.say("Connected again.");
        failed = 0;
        element.classList.remove("stale");
        if (text !== last && !busy(element)) { put(text); last = text; }
      } catch (error) {
        if (error.status === 401 || error.status === 403) return location.reload();
        failed = Math.min(4, failed + 1);
        element.classList.add("stale");
        outvoted.say("The service does not answer; trying again…", 0);
      }
      if (!element.dataset.live) stop();
      listen();
      later();
    }
    const stop = () => { clearTimeout(timer); source?.close(); source = undefined; };
    const soon = () => {  // at most once a second
      clearTimeout(timer);
      timer = setTimeout(ask, Math.max(0, 1000 - (Date.now() - asked)));
    };
    const listen = () => {
      if (source || ended || !element.dataset.events || !element.dataset.live || document.hidden) return;
      source = new EventSource(element.dataset.events);
      for (const name of ["run", "mistakes"]) source.addEventListener(name, ({ data }) => {
        const told = new CustomEvent("outvoted:event", { cancelable: true, detail: { name, data: JSON.parse(data) } });
        if (document.dispatchEvent(told)) soon();  // nobody has shown it already
      });
      source.addEventListener("end", () => { ended = true; source?.close(); source = undefined; soon(); });
    };
    document.addEventListener("visibilitychange", () => { document.hidden ? stop() : ask(); });
    document.addEventListener("outvoted:ask", (event) => {  // at once, and from now on from elsewhere
      if (event.target !== element) return;
      element.dataset.live = event.detail;
      ask();
    });
    listen();
    later();
  };
  document.querySelectorAll("[data-live]").forEach(follow);

  // Small courtesies.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button?.matches("[data-busy]")) return;
    setTimeout(() => { button.disabled = true; });  // after the form's values were taken
    outvoted.say("One moment…", 0);
  });
  addEventListener("pageshow", () => {
    document.querySelectorAll("[data-busy]:disabled").forEach((button) => { button.disabled = false; });
    if (said.textContent === "One moment…") outvoted.say("");
  });
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && document.activeElement?.closest("details.ask[open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); }
  });
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.ask[open]").forEach((one) => { if (!one.contains(event.target)) one.open = false; });
  });
})();
