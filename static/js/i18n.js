// Texts and figures in the reader's language. Every text comes from web/jstext.py by key.

const boot = JSON.parse(document.getElementById("boot").textContent);

export const page = boot.page;
export const lang = boot.lang;
export const csrf = boot.csrf; // of the session that the page began with; see session.js
export const account = boot.account; // its name, null without one
export const who = boot.who; // account, single, or nobody before signing in
export const firstStatus = boot.status;
const locale = boot.tag === "en" ? "en-GB" : boot.tag;

// {count} stands for a field, {count:grid|grids} for one of two forms: by the count as it is read, "1" or another.
const FIELD = /\{(\w+)(?::([^{}|]*)\|([^{}|]*))?\}/g;

/** Return the text of `key` with its {fields} filled in; the result is plain text, never markup. */
export function t(key, fields = {}) {
  const text = boot.text[key];
  if (text === undefined) throw new Error(`no text for ${key}`);
  return text.replace(FIELD, (_, name, one, more) => (more === undefined ? String(fields[name] ?? "") : String(fields[name]) === "1" ? one : more)).replaceAll(" %", "\u00a0%");
}

/** Stands between the members of a list. */
export const COMMA = lang === "zh" ? "、" : ", ";

/** Stands between a label and its value. */
export const COLON = lang === "zh" ? "：" : ": ";

/** Put sentences one after the other; Chinese sets no blank between them. */
export const sentences = (said) => said.join(lang === "zh" ? "" : " ");

/** Return a value of the data for display: known words of the schema and the demo translated, others as they are. */
export function word(value) {
  if (value === null || value === undefined || value === "") return "–";
  return boot.text[`value.${value}`] ?? String(value);
}

const formats = new Map();

/** Return a number with a fixed number of decimals, a dash for a missing one. */
export function number(value, decimals = 0) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (!formats.has(decimals)) {
    formats.set(decimals, new Intl.NumberFormat(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals }));
  }
  return formats.get(decimals).format(value);
}

/** Return a number with about three significant digits: for legends, where sizes differ widely. */
export function rounded(value) {
  if (!Number.isFinite(value)) return "–";
  if (Number.isInteger(value) || Math.abs(value) >= 100) return number(value, 0);
  return number(value, Math.abs(value) >= 10 ? 1 : 2);
}

export function percent(share, decimals = 0) {
  return share === null || share === undefined ? "–" : `${number(100 * share, decimals)}\u00a0%`;
}

/** Return a change in percent with its sign; "new" where nothing was before, a dash where nothing is in either. */
export function changeText({ now, before, percent: change }) {
  if (!now && !before) return "–";
  if (change === null || change === undefined) return t("compare.new");
  const decimals = Math.abs(change) < 10 ? 1 : 0;
  const text = number(Math.abs(change), decimals);
  return `${Number(text.replace(/[^0-9.]/g, "")) === 0 ? "±" : change > 0 ? "+" : "−"}${text}\u00a0%`;
}

/** Return a time of the data in the store's time zone. */
export function moment(iso, timezone) {
  if (!iso) return "–";
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short", timeZone: timezone }).format(new Date(iso));
}

export function day(iso, timezone) {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: timezone }).format(new Date(iso));
}

/** Return how long ago a time was, in the largest fitting unit. */
export function ago(iso) {
  const seconds = (Date.now() - new Date(iso).getTime()) / 1000;
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (seconds >= size) return relative.format(-Math.floor(seconds / size), unit);
  }
  return relative.format(0, "minute");
}
