"use strict";
// Brings a page to life: the theme's button, plots as they come into view, widgets; `outvoted.enliven` does so
// with parts that come later.
(() => {
  const button = document.getElementById("theme");
  const say = () => {
    const other = outvoted.theme() === "dark" ? "light" : "dark";
    button.textContent = other === "dark" ? "Dark theme" : "Light theme";
  };
  button.hidden = false;
  say();
  document.addEventListener("outvoted:theme", say);
  outvoted.prefersDark.addEventListener("change", () => outvoted.setTheme(outvoted.preferred()));
  button.addEventListener("click", () => {
    const theme = outvoted.theme() === "dark" ? "light" : "dark";
    outvoted.remember(theme);
    outvoted.setTheme(theme);
  });

  const values = (identifier) => JSON.parse(document.getElementById(identifier).textContent);

  const colour = (name) => {  // as the theme has it: the property itself names both themes' colours
    const probe = document.body.appendChild(document.createElement("span"));
    probe.style.color = `var(${name})`;
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const template = () => {
    const ink = colour("--ink"), soft = colour("--soft"), line = colour("--line"), paper = "rgba(0,0,0,0)";
    const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true };
    const wall = { ...axis, backgroundcolor: paper, showbackground: false };
    return { layout: {
      paper_bgcolor: paper, plot_bgcolor: paper, font: { color: ink, family: "system-ui, sans-serif", size: 13 },
      colorway: ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999", "#F0E442"],
      xaxis: axis, yaxis: axis, scene: { xaxis: wall, yaxis: wall, zaxis: wall },
      ternary: { bgcolor: paper, aaxis: axis, baxis: axis, caxis: axis },
      modebar: { bgcolor: paper, color: soft, activecolor: ink },
      margin: { l: 60, r: 20, t: 50, b: 50 }, hoverlabel: { font: { size: 12 } },
    } };
  };
  const library = document.querySelector('meta[name="plotly"]')?.content;  // where it is not on the page itself
  let loading;
  const loaded = () => window.Plotly ? Promise.resolve() : loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = library;
    // It puts styles of maps into the head, which the policy forbids and no plot of ours needs.
    document.head.appendChild = (node) => node.nodeName === "STYLE" ? node : Node.prototype.appendChild.call(document.head, node);
    script.onload = () => { delete document.head.appendChild; resolve(); };
    script.onerror = () => reject(new Error("Plotly cannot be loaded"));
    document.head.append(script);
  });
  const options = {
    responsive: true, displaylogo: false, showSendToCloud: false, plotlyServerURL: "",  // nothing leaves the page
    // on narrow pages it would lie on legends; where the policy allows no styles it has none
    displayModeBar: library || matchMedia("(max-width: 40rem)").matches ? false : "hover",
  };
  const begun = new Set(), drawn = new Set();  // in between Plotly is loaded
  const draw = async (place) => {
    if (begun.has(place)) return;
    begun.add(place);
    const figure = values(place.dataset.plot);
    await loaded();
    drawn.add(place);
    Plotly.newPlot(place, figure.data, { ...figure.layout, template: template() }, options);
  };
  const recolour = (place) => Plotly.relayout(place, { template: template() });  // what was chosen in it stays
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "400px" });
  const here = (places) => [...places].filter((place) => place.isConnected);
  document.addEventListener("outvoted:theme", () => here(drawn).forEach(recolour));
  addEventListener("beforeprint", () => document.querySelectorAll("[data-plot]").forEach(draw));

  outvoted.enliven = (root) => {
    for (const place of root.querySelectorAll("[data-plot]")) {
      place.style.height = `${place.dataset.height}px`;
      place.style.minWidth = `${place.dataset.width}px`;
      seen.observe(place);
    }
    for (const element of root.querySelectorAll("[data-widget]")) {
      try {
        outvoted.widgets[element.dataset.widget](element, values(element.dataset.values));
      } catch (error) {
        console.error(error);
        element.append("This part cannot be shown in this browser.");
      }
    }
  };
  outvoted.enliven(document);
})();
