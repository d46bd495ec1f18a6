// Elements made without markup: every text is set by textContent.

import { t } from "./i18n.js";

/** Return an element with properties and children; strings become text nodes. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && !name.startsWith("aria") && name !== "list") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Show a short message at the foot of the page; one of the same `key` takes the place of the one before. One that `stays` is closed by the reader. */
export function toast(text, { error = false, action = null, key = null, stays = false } = {}) {
  const box = make("div", { class: error ? "toast error" : "toast", data: key ? { key } : {} }, make("span", {}, text));
  if (key) byId("toasts").querySelector(`[data-key="${key}"]`)?.remove();
  if (action) box.append(make("button", { type: "button", class: "button", onclick: () => { box.remove(); action.run(); } }, action.label));
  if (stays) box.append(make("button", { type: "button", class: "ghost icon-only", "aria-label": t("toast.close"), title: t("toast.close"), onclick: () => box.remove() }, "×"));
  byId("toasts").append(box);
  if (stays) return;
  // What offers something to do stays until it can be read, decided and reached.
  setTimeout(() => box.remove(), error || action ? 12000 : 5000);
}

export const narrow = () => matchMedia("(max-width: 860px)").matches;
