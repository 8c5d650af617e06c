// Sorts a table by the column whose head is pressed; what has no value comes last either way.
const body = element.querySelector("tbody"), heads = [...element.querySelectorAll("thead th")];
const rows = [...body.rows], more = element.querySelector(".more"), button = more.querySelector("button");
let order = rows.map((_, index) => index), all = false;

const draw = () => {
  body.replaceChildren(...order.slice(0, all ? order.length : data.first).map((index) => rows[index]));
  more.hidden = all || rows.length <= data.first;
  button.textContent = `Show all ${rows.length.toLocaleString("en")} rows`;
};
const before = (a, b, sign) => {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * String(a).localeCompare(String(b), "en", { numeric: true });
};
heads.forEach((head, column) => {
  const press = document.createElement("button");
  press.type = "button";
  press.textContent = head.textContent;
  press.addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") !== "ascending", keys = data.keys[column];
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    order = rows.map((_, index) => index).sort((a, b) => before(keys[a], keys[b], up ? 1 : -1) || a - b);
    draw();
  });
  head.replaceChildren(press);
});
button.addEventListener("click", () => { all = true; draw(); });
// Files lie beside a report that was opened as a file or under its own name, not where a service shows it.
if (!location.pathname.endsWith("report.html")) for (const link of body.querySelectorAll("a[data-file]")) link.removeAttribute("href");
draw();
