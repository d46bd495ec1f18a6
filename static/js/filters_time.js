// Fields for hours of the day and weekdays, both ways with the state.

import { members, runs, textOf, weekday } from "./clock.js";
import { byId, make } from "./dom.js";
import { COMMA, t } from "./i18n.js";
import { onChange, set, state } from "./state.js";

const two = (value) => `${String(value).padStart(2, "0")}:00`;

function draw() {
  const days = new Set(members("weekdays", state.weekdays));
  for (const box of byId("weekdays").querySelectorAll("input")) box.checked = days.has(Number(box.value));
  byId("all-weekdays").hidden = !state.weekdays;
  const hours = members("hours", state.hours), found = runs("hours", hours);
  const one = found.length === 1 ? found[0] : null;
  byId("hour-from").value = one ? String(one[0]) : "";
  byId("hour-to").value = one ? String(one[1]) : "";
  byId("all-hours").hidden = !state.hours;
  byId("hours-odd").hidden = found.length < 2;
  byId("hours-odd").textContent = found.length < 2 ? "" : found.map(([first, last]) => `${two(first)}–${two(last + 1)}`).join(COMMA);
}

/** Fill and follow the fields, where the page has them. */
export function startTimeFilters() {
  if (!byId("weekdays")) return;
  byId("weekdays").replaceChildren(...[1, 2, 3, 4, 5, 6, 7].map((day) => make("label", {},
    make("input", { type: "checkbox", value: String(day), "aria-label": weekday(day, "long"), onchange: () => {
      set({ weekdays: textOf("weekdays", [...byId("weekdays").querySelectorAll("input:checked")].map((box) => Number(box.value))) });
      draw(); // seven ticks are no filter
    } }), make("span", {}, weekday(day, "narrow")))));
  const hours = (shift) => [make("option", { value: "" }, "–"), ...Array.from({ length: 24 }, (_, hour) => make("option", { value: String(hour) }, two(hour + shift)))];
  byId("hour-from").replaceChildren(...hours(0));
  byId("hour-to").replaceChildren(...hours(1));
  const choose = () => {
    const from = byId("hour-from").value, to = byId("hour-to").value;
    if (from === "" || to === "") set({ hours: null });
    else set({ hours: textOf("hours", members("hours", `${from}-${to}`)) });
  };
  byId("hour-from").addEventListener("change", choose);
  byId("hour-to").addEventListener("change", choose);
  byId("hour-from").title = byId("hour-to").title = t("filter.hours");
  byId("all-hours").addEventListener("click", () => set({ hours: null }));
  byId("all-weekdays").addEventListener("click", () => set({ weekdays: null }));
  onChange((changed) => { if (changed.has("hours") || changed.has("weekdays")) draw(); });
  draw();
}
