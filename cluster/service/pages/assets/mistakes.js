// The gallery of a run: a list that goes on as long as there are mistakes, where scripts run.
import { Blocks } from "/assets/blocks.js";
import { EndlessList } from "/assets/endless.js";
import { filtering } from "/assets/filters.js";
import { Ticked } from "/assets/ticked.js";

const part = (name) => document.getElementById(name);
const density = { get: () => { try { return localStorage.getItem("outvoted:density"); } catch { return null; } },
  set: (value) => { try { localStorage.setItem("outvoted:density", value); } catch { /* a browser that keeps nothing */ } } };
let stop = new AbortController();

function begin() {
  stop.abort();
  stop = new AbortController();
  const list = part("mistakes");
  if (!list) return;
  const { run, api, query, sort, total, at } = list.dataset;
  const ticked = new Ticked(run, part("selection"));
  const keep = () => {
    const place = grid.first(), url = new URL(location);
    if (place) url.searchParams.set("at", place); else url.searchParams.delete("at");
    history.replaceState({ active: grid.active }, "", url);
  };
  const blocks = new Blocks(api, new URLSearchParams([...new URLSearchParams(query), ["sort", sort]]), {
    arrived: (first, last) => grid.again(first, last),
    failed: (error) => outvoted.say(`Some mistakes could not be loaded: ${error.message}. Scroll to try again.`),
  });
  list.dataset.density = density.get() ?? "medium";
  const grid = new EndlessList(list, {
    total: Number(total), signal: stop.signal,
    make: (place) => card(blocks.get(place), place, { run, query, ticked }),
    shown: (first, last, moving) => blocks.want(first, last, moving),
  });
  list.addEventListener("rest", keep);
  list.addEventListener("focusin", (event) => { grid.active = Number(event.target.closest("li").dataset.place); });
  list.addEventListener("click", (event) => { if (event.target.closest("a")) keep(); });
  list.addEventListener("change", (event) => {
    ticked.set(event.target.value, event.target.checked);
    outvoted.say(`${ticked.size.toLocaleString("en")} ticked`, 2);
  });
  keys(list, grid);
  part("go").addEventListener("submit", (event) => {
    event.preventDefault();
    grid.show(Number(new FormData(event.target).get("number")) - 1);
    keep();
  });
  for (const tool of document.querySelectorAll(".scripted")) tool.hidden = false;
  part("density").value = list.dataset.density;
  part("density").addEventListener("change", (event) => {
    density.set(list.dataset.density = event.target.value);
    grid.measure();
  });
  if (Number(at)) grid.show(Number(at));
  if (history.state?.active) grid.focus(history.state.active);
}

const figure = (value) => value === null ? "–" : String(Number(value.toPrecision(3)));
const saying = (row) => [row.label_name, `${row.target_name} says ${row.predicted_name}`, `margin ${figure(row.margin)}`,
  ...(row.valid === false ? ["the referee does not agree with the label"] : [])].join(", ");

// The element of a mistake, or of one that is on its way.
function card(row, place, { run, query, ticked }) {
  const item = part("card").content.firstElementChild.cloneNode(true);
  item.dataset.place = place;
  if (!row) { item.classList.add("coming"); return item; }
  const link = item.querySelector("a"), image = item.querySelector("image"), box = item.querySelector("input");
  link.href = `/runs/${encodeURIComponent(run)}/mistakes/${row.id.split("/").map(encodeURIComponent).join("/")}${query && `?${query}`}`;
  link.ariaLabel = saying(row);
  item.querySelector("svg").setAttribute("viewBox", row.picture.view);
  for (const name of ["href", "width", "height"]) image.setAttribute(name, row.picture[name]);
  item.querySelector(".answer").textContent = `${row.label_name} → ${row.predicted_name}`;
  item.querySelector(".quiet").textContent = row.target_name;
  box.value = row.id;
  box.checked = ticked.has(row.id);
  return item;
}

function keys(list, grid) {
  const moves = {
    ArrowLeft: () => -1, ArrowRight: () => 1, ArrowUp: () => -grid.columns, ArrowDown: () => grid.columns,
    PageUp: () => -grid.rows() * grid.columns, PageDown: () => grid.rows() * grid.columns,
    Home: () => -grid.active, End: () => grid.total,
  };
  list.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input")) return;
    if (event.key === " ") grid.at(grid.active)?.querySelector("input").click();
    else if (event.key in moves) grid.focus(grid.active + moves[event.key]());
    else return;
    event.preventDefault();
  });
}

history.scrollRestoration = "manual";
filtering(["filters", "gallery"], begin);
begin();
