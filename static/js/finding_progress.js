// The division's progress: how many findings the audits of past revisions found, as bars and as a table.

import { request } from "./api.js";
import { byId, make } from "./dom.js";
import { COLON, COMMA, moment, number, t } from "./i18n.js";
import { now } from "./shell.js";

const NAMES = document.querySelector("svg").namespaceURI; // of the icons of the page
const SEVERITIES = ["error", "warning", "note"];
const [WIDE, HIGH, MOST] = [388, 72, 60];

function shape(name, attributes, ...children) {
  const made = document.createElementNS(NAMES, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

const words = (row) => `${t("finding.revision", { revision: number(row.revision) })}${COLON}${number(row.total)} (${SEVERITIES.map((name) => `${t(`finding.${name}s`)} ${number(row.severities[name] ?? 0)}`).join(COMMA)})`;

function bars(rows, told) {
  const most = Math.max(...rows.map((row) => row.total), 1), step = Math.min(WIDE / rows.length, 28);
  const drawn = rows.flatMap((row, i) => {
    let top = HIGH;
    const parts = SEVERITIES.map((name) => {
      const tall = ((row.severities[name] ?? 0) / most) * (HIGH - 2);
      top -= tall;
      return shape("rect", { x: i * step, y: top, width: Math.max(step - 1, 0.5), height: tall, class: `finding-bar-${name}` });
    });
    const hit = shape("rect", { x: i * step, y: 0, width: step, height: HIGH, class: "hit" });
    hit.addEventListener("pointerenter", () => { told.textContent = words(row); });
    return [...parts, hit];
  });
  return shape("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, class: "spark", role: "img", "aria-label": `${t("finding.progress")}${COLON}${rows.slice(-12).map(words).join("; ")}` }, ...drawn, shape("line", { x1: 0, x2: WIDE, y1: HIGH, y2: HIGH }));
}

/** Draw the progress where it is open. */
export async function drawProgress() {
  const box = byId("finding-progress");
  if (!box.open) return;
  const { whole, revisions } = await request("/api/findings/progress");
  const rows = revisions.slice(-MOST);
  const body = box.querySelector("div");
  if (!rows.length) {
    body.replaceChildren(make("p", { class: "muted" }, t(whole ? "finding.progress_none" : "finding.progress_area")));
    return;
  }
  const told = make("p", { class: "muted", role: "status", data: { from: "data" } }, words(rows.at(-1)));
  const cells = (row) => [number(row.revision), moment(row.at.replace(" ", "T"), now()?.timezone), ...SEVERITIES.map((name) => number(row.severities[name] ?? 0)), number(row.total)];
  const head = ["finding.revision_head", "finding.looked_at", "finding.errors", "finding.warnings", "finding.notes", "finding.all"].map((key, i) => make("th", { scope: "col", class: i === 1 ? "" : "number" }, t(key)));
  body.replaceChildren(bars(rows, told), told, make("div", { class: "finding-progress-table" }, make("table", { class: "plain" }, make("thead", {}, make("tr", {}, ...head)),
    make("tbody", { data: { from: "data" } }, ...rows.toReversed().slice(0, 20).map((row) => make("tr", {}, ...cells(row).map((text, i) => make("td", { class: i === 1 ? "" : "number" }, text))))))));
}

export function startProgress() {
  byId("finding-progress").addEventListener("toggle", drawProgress);
}
