// The pages of accounts: plain forms that work without it. It shows passwords, copies links, helps to name grids.

import { settled } from "./api.js";
import { byId, make } from "./dom.js";
import { firstStatus, moment } from "./i18n.js";
import { startShell } from "./shell.js";

function reveal(box) {
  const show = () => { for (const field of box.form.querySelectorAll('input[name="password"], input[name="again"], input[name="old"]')) field.type = box.checked ? "text" : "password"; };
  box.addEventListener("change", show);
  show();
  // A browser keeps the text of a shown field for its next visit: not that of a password.
  box.form.addEventListener("submit", () => { box.checked = false; show(); });
}

async function copy(button) {
  const field = byId(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    document.execCommand("copy");
  }
  button.textContent = "✓";
}

function finder(label) {
  const field = label.querySelector("input");
  const lines = label.parentElement.querySelector("textarea");
  const known = JSON.parse(byId("grids").textContent);
  const list = byId(field.getAttribute("list"));
  label.hidden = known.length === 0;
  const add = () => {
    const found = known.find(([grid]) => grid === field.value.trim());
    if (!found) return;
    const present = lines.value.split("\n").map((line) => line.trim()).filter(Boolean);
    if (!present.includes(found[0])) lines.value = [...present, found[0], ""].join("\n");
    field.value = "";
  };
  field.addEventListener("input", () => {
    const wish = field.value.trim().toLowerCase();
    add();
    const fitting = wish === "" ? [] : known.filter(([grid, name]) => grid.toLowerCase().includes(wish) || name.toLowerCase().includes(wish));
    list.replaceChildren(...fitting.slice(0, 50).map(([grid, name]) => make("option", { value: grid }, name)));
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (list.children.length === 1) field.value = list.children[0].value;
    add();
  });
}

startShell();
for (const cell of document.querySelectorAll(".moment")) {
  if (!Number.isNaN(Date.parse(cell.textContent))) cell.textContent = moment(cell.textContent, firstStatus?.timezone);
}
for (const box of document.querySelectorAll("[data-reveal]")) reveal(box);
for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copy(button));
for (const label of document.querySelectorAll(".area-find")) finder(label);
settled().then(() => { document.documentElement.dataset.ready = "true"; });
