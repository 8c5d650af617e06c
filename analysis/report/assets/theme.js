"use strict";
// The theme is set before anything is painted: the reader's choice, else what the system prefers.
const outvoted = { widgets: {} };
outvoted.theme = () => document.documentElement.dataset.theme;
outvoted.setTheme = (theme) => {
  document.documentElement.dataset.theme = theme;
  document.dispatchEvent(new CustomEvent("outvoted:theme"));
};
outvoted.remembered = () => {
  try { return localStorage.getItem("outvoted:theme"); } catch { return null; }
};
outvoted.remember = (theme) => {
  try { localStorage.setItem("outvoted:theme", theme); } catch { /* a browser that keeps nothing */ }
};
outvoted.prefersDark = matchMedia("(prefers-color-scheme: dark)");
outvoted.preferred = () => outvoted.remembered() || (outvoted.prefersDark.matches ? "dark" : "light");
outvoted.setTheme(outvoted.preferred());
