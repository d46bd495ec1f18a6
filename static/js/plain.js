// Pages without a map: only the shell.

import { settled } from "./api.js";
import { firstStatus, moment } from "./i18n.js";
import { startShell } from "./shell.js";

startShell();
for (const cell of document.querySelectorAll(".moment")) {
  if (!Number.isNaN(Date.parse(cell.textContent))) cell.textContent = moment(cell.textContent, firstStatus?.timezone ?? "UTC");
}
settled().then(() => { document.documentElement.dataset.ready = "true"; });
