// Hours of the day and weekdays: how the address writes them ("22-5", "6,7"), as lists, and as words.

import { COMMA, lang, t } from "./i18n.js";

const CLOCK = { hours: [0, 24], weekdays: [1, 7] };

/** Return the numbers of a text such as "8,9" or "22-5" (around the end), ascending; empty for none or for what cannot be read. */
export function members(name, text) {
  const [low, size] = CLOCK[name];
  const found = new Set();
  for (const part of (text ?? "").split(",").filter(Boolean)) {
    const match = /^\s*(\d{1,2})(?:-(\d{1,2}))?\s*$/.exec(part);
    const first = match ? Number(match[1]) : -1, last = match?.[2] === undefined ? first : Number(match[2]);
    if ([first, last].some((value) => value < low || value >= low + size)) return [];
    for (let step = 0; step <= (last - first + size) % size; step += 1) found.add(low + ((first - low + step) % size));
  }
  return [...found].sort((a, b) => a - b);
}

/** Return the runs [first, last] of some members, a run around the end in one piece. */
export function runs(name, list) {
  const [low, size] = CLOCK[name];
  const has = new Set(list);
  if (has.size === 0 || has.size === size) return [];
  const before = (value) => low + ((value - low - 1 + size) % size), after = (value) => low + ((value - low + 1) % size);
  return [...has].sort((a, b) => a - b).filter((value) => !has.has(before(value))).map((first) => {
    let last = first;
    while (has.has(after(last))) last = after(last);
    return [first, last];
  });
}

/** Return the shortest text of some members; null for none and for all, which is no filter. */
export function textOf(name, list) {
  return runs(name, list).map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(",") || null;
}

/** Return the name of a weekday, 1 Monday to 7 Sunday. */
export function weekday(value, style = "short") {
  // 1 January 2024 was a Monday.
  return new Intl.DateTimeFormat(lang === "zh" ? "zh-CN" : "en-GB", { weekday: style, timeZone: "UTC" }).format(new Date(Date.UTC(2024, 0, value)));
}

const two = (value) => String(value).padStart(2, "0");
const clock = (first, last) => `${two(first)}:00–${two(last + 1)}:00`;

/** Return hours as words: "22:00–06:00". */
export const hoursWords = (list) => runs("hours", list).map(([first, last]) => clock(first, last)).join(COMMA) || t("filter.all");

/** Return weekdays as words: "Sat, Sun" or "Mon–Fri". */
export const weekdaysWords = (list) => runs("weekdays", list).map(([first, last]) => (first === last ? weekday(first)
  : (last - first + 7) % 7 === 1 ? `${weekday(first)}${COMMA}${weekday(last)}` : `${weekday(first)}–${weekday(last)}`)).join(COMMA) || t("filter.all");
