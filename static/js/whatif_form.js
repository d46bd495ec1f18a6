// The form of the chosen camera: what is recorded, what is planned, what is assumed.

import { byId } from "./dom.js";
import { t } from "./i18n.js";

const NUMBERS = ["azimuth_deg", "hfov_deg", "range_m", "height_m", "pixels_h", "tilt_deg", "vfov_deg"];
export const FIELDS = ["kind", "name", "masks", ...NUMBERS];

const shown = (value) => (value === null || value === undefined ? "" : typeof value === "number" ? String(Number(value.toFixed(2))) : value);

/** The form; `on` = {change(name, value), rest(), remove(), switch(on), back(), close(), grab()}. */
export class Form {
  constructor(on) {
    this.form = byId("whatif-form");
    this.on = on;
    for (const name of FIELDS) {
      const field = this.form.elements[name];
      field.addEventListener("input", () => this.typed(name, field));
      field.addEventListener("change", () => { this.typed(name, field); on.rest(); });
    }
    this.form.addEventListener("submit", (event) => event.preventDefault());
    byId("whatif-remove").addEventListener("click", () => on.remove());
    byId("whatif-switch").addEventListener("click", (event) => on.switch(event.currentTarget.getAttribute("aria-pressed") === "true"));
    byId("whatif-back").addEventListener("click", () => on.back());
    byId("whatif-unchoose").addEventListener("click", () => on.close());
    byId("whatif-grab").addEventListener("click", () => on.grab());
  }

  typed(name, field) {
    const text = field.value.trim();
    const bad = (NUMBERS.includes(name) || name === "masks") && !field.checkValidity();
    field.setAttribute("aria-invalid", String(bad));
    if (bad) return;
    this.on.change(name, text === "" ? null : NUMBERS.includes(name) ? Number(text) : text);
  }

  /** Mark the field that the service refused. */
  refuse(name) { this.form.elements[name]?.setAttribute("aria-invalid", "true"); }

  /** Show a camera: {title, facts, change, recorded}; null hides the form. */
  show(camera) {
    byId("whatif-camera").hidden = !camera;
    if (!camera) return;
    const { title, facts, change } = camera;
    byId("whatif-name").textContent = byId("whatif-name").title = title;
    byId("whatif-back").hidden = !change || change.op === "place";
    this.form.hidden = !facts;
    byId("whatif-note").textContent = facts ? t("whatif.keys") : change ? t("whatif.removed") : "";
    if (!facts) return;
    for (const name of FIELDS) {
      const field = this.form.elements[name];
      field.closest("label").classList.toggle("planned", Boolean(change && change.op === "set" && name in change));
      // What is being typed is not written over, be it whole or not yet.
      if (document.activeElement === field && !field.checkValidity()) continue;
      if (document.activeElement === field && field.getAttribute("aria-invalid") !== "true" && field.value !== "" && Number(field.value) === facts[name]) continue;
      field.value = shown(facts[name]);
      field.setAttribute("aria-invalid", "false");
    }
    const off = facts.online === false;
    byId("whatif-switch").setAttribute("aria-pressed", String(off));
    byId("whatif-switch").textContent = t(off ? "whatif.switch.on" : "whatif.switch.off");
    if (change?.op === "set" && change.online === false) byId("whatif-note").textContent = t("whatif.off");
  }
}
