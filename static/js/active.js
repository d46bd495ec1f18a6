// The filters that are on, told over the map of every page, each with a button that takes it off.

import { hoursWords, members, weekdaysWords } from "./clock.js";
import { make } from "./dom.js";
import { COLON, number, t, word } from "./i18n.js";
import { set, state } from "./state.js";

function chip(name, text, cleared) {
  return make("p", { class: "filter-note", data: { filter: name } }, make("span", { data: { from: "data" } }, text),
    make("button", { type: "button", title: t("filter.clear"), "aria-label": `${t("filter.clear")}${COLON}${text}`, onclick: () => set(cleared) }, "×"));
}

/** Return a note for each filter of hours, weekdays and categories that is on. */
export function activeFilters() {
  const hours = members("hours", state.hours), weekdays = members("weekdays", state.weekdays);
  const named = state.category.length === 1 ? word(state.category[0]) : t("filter.categories", { count: number(state.category.length) });
  return [
    state.hours && chip("hours", `${t("filter.hours")}${COLON}${hours.length ? hoursWords(hours) : state.hours}`, { hours: null }),
    state.weekdays && chip("weekdays", `${t("filter.weekdays")}${COLON}${weekdays.length ? weekdaysWords(weekdays) : state.weekdays}`, { weekdays: null }),
    state.category.length > 0 && chip("category", `${t("filter.category")}${COLON}${named}`, { category: [] }),
  ].filter(Boolean);
}
