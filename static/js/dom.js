// Elements made without markup: every text is set by textContent.

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

/** Show a short message at the foot of the page. */
export function toast(text, { error = false, action = null } = {}) {
  const box = make("div", { class: error ? "toast error" : "toast" }, make("span", {}, text));
  if (action) box.append(make("button", { type: "button", class: "button", onclick: () => { box.remove(); action.run(); } }, action.label));
  byId("toasts").append(box);
  setTimeout(() => box.remove(), error ? 12000 : 3500);
}

export const narrow = () => matchMedia("(max-width: 860px)").matches;
