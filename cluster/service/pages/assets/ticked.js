// Which mistakes of a run are ticked: remembered while its pages are open, sent with the form.
export class Ticked {
  #keys;

  constructor(run, form) {
    this.name = `outvoted:ticked:${run}`;
    this.form = form;
    try { this.#keys = new Set(JSON.parse(sessionStorage.getItem(this.name) ?? "[]")); } catch { this.#keys = new Set(); }
    form.querySelector(".clear").hidden = false;
    form.querySelector(".clear").addEventListener("click", () => this.clear());
    form.addEventListener("formdata", ({ formData }) => {  // also those that are not in the document
      formData.set("key", [...this.#keys].join(" "));
    });
    this.#tell();
  }

  get size() { return this.#keys.size; }
  has(key) { return this.#keys.has(key); }

  set(key, ticked) {
    if (ticked) this.#keys.add(key); else this.#keys.delete(key);
    this.#tell();
  }

  clear() {
    this.#keys.clear();
    for (const box of document.querySelectorAll("#mistakes input:checked")) box.checked = false;
    this.#tell();
  }

  #tell() {
    try { sessionStorage.setItem(this.name, JSON.stringify([...this.#keys])); } catch { /* a browser that keeps nothing */ }
    document.getElementById("ticked").textContent = this.size ? `${this.size.toLocaleString("en")} ticked` : "";
    const [ticked, all] = this.form.elements.which;
    ticked.disabled = this.form.querySelector(".clear").disabled = !this.size;
    (this.size ? ticked : all).checked = true;
  }
}
