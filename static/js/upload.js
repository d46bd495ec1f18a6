// The import page: send, look, map, try, import. Nothing is written before the last step.

import { lasting, request, Refused, settled } from "./api.js";
import { byId, make } from "./dom.js";
import { COMMA, moment, number, t } from "./i18n.js";
import { safety } from "./session.js";
import { now, poll, startShell } from "./shell.js";

const schema = JSON.parse(byId("schema").textContent);
const CRS = ["EPSG:4326", "gcj02", "bd09", "EPSG:4490", "EPSG:4547", "EPSG:4546", "EPSG:4548", "EPSG:4549", "EPSG:4544", "EPSG:4526", "EPSG:4527", "EPSG:3857"];
const RESULT_PAGE = { grids: "/grids", cameras: "/planner", buildings: "/planner" };

const FIELDS = { "--timezone": "timezone", "--crs": "crs-list", "--encoding": "encoding" };
const UNREAD = { layers: [], layer: "", encodings: [], encoding: "", columns: [], rows: [], personal: [], families: [], mapping: {}, crs: null };

let upload = null; // id of the file on the server
let seen = null; // the last preview
let chosen = null; // mapping field -> column as the reader set it

/** Texts shared with the command line name its options: say what they are on this page. */
function explain(box) {
  if (/--[a-z]/.test(box.textContent)) box.append(make(box.tagName === "UL" ? "li" : "p", { class: "muted" }, t("upload.options")));
}

function problem(error = null) {
  const box = byId("problem");
  box.hidden = error === null;
  // What the remedy asks for is a field of the form: mark it.
  const asked = `${error?.remedy ?? ""} `;
  for (const [option, id] of Object.entries(FIELDS)) byId(id).setAttribute("aria-invalid", String(asked.includes(option)));
  if (error) {
    box.replaceChildren(make("h2", {}, error.message), make("p", {}, error.remedy ?? ""));
    explain(box);
    box.scrollIntoView({ block: "nearest" });
  }
}

/** Run a step and tell what is in the way; anything unexpected stays visible as an error of the program. */
async function step(run) {
  problem();
  try {
    await run();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    problem(error);
    if (error.code === "unknown_upload") upload = null;
  }
}

/** Send a file with progress; fetch cannot tell how much was sent. */
function send(file) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    form.append("file", file);
    const call = new XMLHttpRequest();
    call.open("POST", "/api/uploads");
    call.setRequestHeader("X-CSRF-Token", safety());
    call.setRequestHeader("Accept", "application/json");
    call.upload.addEventListener("progress", (event) => { if (event.lengthComputable) byId("sending-progress").value = event.loaded / event.total; });
    call.addEventListener("error", () => reject(new Refused({ message: t("error.network"), remedy: t("error.network.remedy") })));
    call.addEventListener("load", () => {
      let found = null;
      try {
        found = JSON.parse(call.responseText);
      } catch {
        reject(new Refused({ code: "shape", message: t("error.shape", { status: call.status }), remedy: t("error.network.remedy") }));
        return;
      }
      upload = found.upload ?? null;
      if (call.status >= 400) reject(new Refused(found.error, call.status));
      else resolve(found);
    });
    call.send(form);
  });
}

const size = (bytes) => (bytes >= 1 << 20 ? `${number(bytes / (1 << 20), 1)} MiB` : `${number(bytes / 1024, 1)} KiB`);

async function take(file) {
  if (!file) return;
  byId("report").hidden = byId("step-look").hidden = byId("step-how").hidden = true;
  byId("sending").hidden = false;
  byId("sending-text").textContent = t("upload.reading", { name: file.name });
  byId("sending-progress").value = 0;
  chosen = null;
  for (const id of ["crs", "timezone", "const-level", "attribution-text"]) byId(id).value = "";
  for (const id of ["encoding", "crs-list", "layer", "layer_name"]) byId(id).replaceChildren();
  // A choice for one file is not carried to the next: "replace" or "simulated" would be.
  byId("date_order").value = "";
  byId("mode").value = "append";
  byId("strict").checked = byId("simulated-rows").checked = false;
  await step(async () => {
    try {
      look(await lasting(() => send(file)), file);
    } catch (error) {
      // The file stays on the server, so that another encoding may be tried.
      if (upload && error instanceof Refused) {
        seen = UNREAD;
        byId("step-how").hidden = false;
        byId("mapping").replaceChildren();
        sources();
        layers();
        crsList();
        encodings();
      }
      throw error;
    }
  });
  byId("sending").hidden = true;
}

function options() {
  const crs = byId("crs-list").value === "other" ? byId("crs").value : byId("crs-list").value;
  return {
    crs: crs || null, encoding: byId("encoding").value || null, timezone: byId("timezone").value || null,
    date_order: byId("date_order").value || null, layer_name: byId("layer_name").value || null, mode: byId("mode").value, map: chosen ?? {},
    const: byId("const-level").value && byId("layer").value === "grids" ? { level: byId("const-level").value } : {},
    attribution: byId("attribution-text").value, strict: byId("strict").checked, simulated: byId("simulated-rows").checked,
  };
}

let looking = Promise.resolve(); // a look that a change of the form began

const again = ({ guess = false } = {}) => upload && (looking = step(async () => look(await request(`/api/uploads/${upload}/preview`, { method: "POST", body: { layer: guess ? null : byId("layer").value, options: options() } }))));

function fill(note) {
  return typeof note === "string" ? note : note.text ?? note.message.replace(/\{(\w+)\}/g, (_, name) => String(note.params?.[name] ?? ""));
}

function look(found, file = null) {
  seen = found.preview;
  byId("step-look").hidden = byId("step-how").hidden = false;
  if (file) byId("about-file").textContent = t("upload.file", { name: found.file ?? file.name, size: size(found.bytes ?? file.size), driver: seen.driver });
  const mapped = new Map(Object.entries(seen.mapping ?? {}).map(([field, column]) => [column, field]));
  const personal = new Set(seen.personal.map((one) => one.column));
  byId("preview").replaceChildren(make("table", { class: "plain", data: { from: "data" } },
    make("thead", {}, make("tr", {}, ...seen.columns.map((name) => make("th", { scope: "col" }, name, make("span", { class: "unit" }, personal.has(name) ? "✕" : mapped.has(name) ? `→ ${t(`field.${mapped.get(name)}`)}` : ""))))),
    make("tbody", {}, ...seen.rows.map((row) => make("tr", {}, ...row.map((value) => make("td", {}, value ?? "")))))));
  sources();
  layers();
  crsList();
  encodings();
  mapping();
  doubts();
}

/** Offer the layers or sheets of a file that has several. */
function sources() {
  const box = byId("layer_name");
  const several = seen.layers ?? [];
  byId("source-field").hidden = several.length < 2;
  if (several.length < 2) return;
  const chosenName = seen.layer_name || box.value || "";
  box.replaceChildren(make("option", { value: "" }, t("upload.choose")), ...several.map((name) => make("option", { value: name, data: { from: "data" } }, name)));
  box.value = several.includes(chosenName) ? chosenName : "";
}

function layers() {
  const box = byId("layer");
  if (!box.options.length) box.replaceChildren(...schema.map(({ name }) => make("option", { value: name }, t(`data.${name}`))));
  if (seen.layer) box.value = seen.layer;
  byId("level-field").hidden = box.value !== "grids";
}

function crsList() {
  const box = byId("crs-list"), before = box.value;
  const taken = !seen.crs && seen.rows.length && !seen.families.length && seen.mapping.lon && seen.mapping.lat;
  const found = seen.crs ? (seen.crs.length > 40 ? `${seen.crs.slice(0, 40)}…` : seen.crs) : null;
  box.replaceChildren(make("option", { value: "" }, found ? t("upload.crs.found", { crs: found }) : taken ? t("upload.crs.taken") : t("upload.crs.unknown")),
    ...CRS.map((name) => make("option", { value: name }, t(`crs.${name}`))), make("option", { value: "other" }, t("crs.other")));
  box.value = before && [...box.options].some((one) => one.value === before) ? before : "";
}

function encodings() {
  const box = byId("encoding"), before = box.value;
  box.replaceChildren(make("option", { value: "" }, t("upload.encoding.found", { encoding: seen.encoding || "–" })),
    ...seen.encodings.map(([name, sample]) => make("option", { value: name, data: { from: "data" } }, sample ? `${name}: ${sample.slice(0, 24)}` : name)));
  if (!seen.encodings.length) for (const name of ["utf-8", "gb18030", "big5", "utf-16", "cp1252"]) box.append(make("option", { value: name }, name));
  box.value = [...box.options].some((one) => one.value === before) ? before : "";
  box.parentElement.hidden = false;
}

function mapping() {
  const layer = schema.find((one) => one.name === (seen.layer || byId("layer").value));
  const fields = [...layer.columns];
  if (seen.rows.length && !seen.families.length) for (const name of ["lon", "lat", "x", "y"]) fields.push({ name, unit: name.length > 1 ? "°" : "m", required: false });
  const remembered = chosen === null && seen.remembered && Object.keys(seen.remembered).length ? seen.remembered : null;
  const current = { ...seen.mapping, ...(remembered ?? {}), ...(chosen ?? {}) };
  if (remembered) chosen = { ...remembered };
  byId("mapping-note").textContent = remembered ? t("upload.remembered") : "";
  const free = seen.columns.filter((name) => !seen.personal.some((one) => one.column === name));
  byId("mapping").replaceChildren(...fields.map((field) => {
    const select = make("select", { data: { from: "data" } }, make("option", { value: "" }, t("upload.no_column")), ...free.map((name) => make("option", { value: name }, name)));
    select.value = free.includes(current[field.name]) ? current[field.name] : "";
    select.addEventListener("change", () => { chosen = { ...(chosen ?? {}), [field.name]: select.value }; });
    return make("label", {}, make("span", { class: field.required ? "required" : "" }, t(`field.${field.name}`), field.unit ? make("span", { class: "unit" }, ` ${field.unit === "deg" ? "°" : field.unit}`) : null), select);
  }));
}

function doubts() {
  const lines = [];
  if (seen.personal.length) lines.push(make("li", {}, `${t("upload.guard")} `, make("strong", { data: { from: "data" } }, seen.personal.map((one) => one.column).join(COMMA))));
  for (const note of seen.notes ?? []) lines.push(make("li", {}, fill(note)));
  byId("step-look").querySelector(".notes")?.remove();
  const hints = make("ul", { class: "notes" }, ...lines);
  if (lines.length) byId("step-look").append(hints);
  if (!seen.problem) explain(hints);
  if (seen.problem) problem({ message: fill(seen.problem), remedy: fill({ message: seen.problem.remedy ?? "", params: seen.problem.params }) });
}

async function run(dry) {
  const buttons = [byId("try"), byId("go"), byId("look-again")];
  for (const button of buttons) button.disabled = true;
  byId("working").hidden = false;
  await looking; // else its answer may come in between
  byId("working-text").textContent = t(dry ? "upload.trying" : "upload.importing");
  byId("working-progress").removeAttribute("value");
  await step(async () => {
    const { job } = await request(`/api/uploads/${upload}/import`, { method: "POST", body: { layer: byId("layer").value, options: options(), dry_run: dry } });
    let found = null;
    let wait = 150;
    do {
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(wait * 1.4, 1000);
      found = await request(`/api/jobs/${job}`, { quiet: true });
      if (found.progress > 0) byId("working-progress").value = found.progress;
      if (found.step) byId("working-text").textContent = t("upload.step", { step: found.step, share: number(100 * found.progress) });
    } while (found.state === "queued" || found.state === "running");
    report(found, job, dry);
  });
  byId("working").hidden = true;
  for (const button of buttons) button.disabled = false;
}

function report(job, id, dry) {
  const failed = job.state !== "done";
  const found = job.report;
  const parts = [make("h2", {}, t(failed ? "upload.refused" : dry ? "upload.tried" : "upload.done"))];
  if (failed) parts.push(make("div", { class: "problem" }, make("h3", {}, job.error?.message ?? ""), make("p", {}, job.error?.remedy ?? "")));
  if (found) {
    const figure = (value, key, bad = false) => make("div", { class: bad ? "bad" : "" }, make("b", {}, number(value)), make("span", { class: "muted" }, t(key)));
    parts.push(make("div", { class: "result" }, figure(found.accepted, "upload.accepted"), figure(found.rejected, "upload.rejected", found.rejected > 0), figure(found.revision, "upload.revision")));
    if (found.removed_demo) parts.push(make("p", {}, t("upload.demo_removed")));
    if (found.notes.length) parts.push(make("h3", {}, t("upload.notes")), make("ul", { class: "notes", data: { from: "data" } }, ...found.notes.map((note) => make("li", {}, fill(note)))));
    if (found.rejected) parts.push(rejects(found, id));
    if (!failed && !dry) parts.push(make("p", { class: "actions" }, make("a", { class: "button primary", href: RESULT_PAGE[found.layer] ?? "/command" }, t("upload.see"))));
  }
  byId("report").replaceChildren(...parts);
  explain(byId("report"));
  byId("report").hidden = false;
  byId("report").scrollIntoView({ block: "start" });
  byId("report").focus({ preventScroll: true });
  if (!failed && !dry) {
    history();
    poll();
  }
}

function rejects(found, id) {
  const shown = found.rejects ?? [];
  return make("div", {}, make("h3", {}, t("upload.rejects")),
    make("p", {}, make("a", { href: `/api/jobs/${id}/rejects.csv`, download: "rejects.csv" }, t("upload.rejects.download"))),
    shown.length < found.rejected ? make("p", { class: "muted" }, t("upload.rejects.shown", { shown: number(shown.length), count: number(found.rejected) })) : null,
    make("div", { class: "preview plain" }, make("table", {},
      make("thead", {}, make("tr", {}, ...["row", "field", "value", "reason", "remedy"].map((key, index) => make("th", { class: index === 0 ? "number" : "" }, t(`upload.${key}`))))),
      make("tbody", { data: { from: "data" } }, ...shown.map((row) => make("tr", {}, make("td", { class: "number" }, number(row.row)), ...["field", "value", "reason", "remedy"].map((key) => make("td", {}, row[key] ?? ""))))))));
}

async function history() {
  await step(async () => {
    const { imports } = await request("/api/imports", { query: { limit: 50 } });
    if (!imports.length) {
      byId("history").replaceChildren(make("p", { class: "more" }, t("history.none")));
      return;
    }
    const head = ["when", "layer", "file", "mode", "accepted", "rejected", "revision"];
    byId("history").replaceChildren(make("table", {}, make("thead", {}, make("tr", {}, ...head.map((key, index) => make("th", { class: index > 3 ? "number" : "" }, t(`history.${key}`))))),
      make("tbody", { data: { from: "data" } }, ...imports.map((one) => make("tr", {},
        make("td", { class: "when" }, moment(one.at, now()?.timezone ?? "UTC")), make("td", {}, t(`data.${one.layer}`)), make("td", {}, one.file_name), make("td", {}, t(`mode.${one.mode}`)),
        make("td", { class: "number" }, number(one.accepted)),
        make("td", { class: "number" }, one.rejected ? make("a", { href: `/api/imports/${one.id}/rejects.csv`, download: `rejects-${one.id}.csv` }, number(one.rejected)) : "0"),
        make("td", { class: "number" }, number(one.revision)))))));
  });
}

function start() {
  startShell();
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (here && ![...byId("zones").options].some((one) => one.value === here)) byId("zones").prepend(make("option", { value: here }));
  byId("choose").addEventListener("click", () => byId("file").click());
  byId("file").addEventListener("change", (event) => { take(event.target.files[0]); event.target.value = ""; });
  const drop = byId("drop");
  for (const name of ["dragenter", "dragover"]) document.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const name of ["dragleave", "drop"]) document.addEventListener(name, (event) => { event.preventDefault(); drop.classList.remove("over"); });
  document.addEventListener("drop", (event) => take(event.dataTransfer?.files[0]));
  byId("layer").addEventListener("change", () => { chosen = null; again(); });
  byId("layer_name").addEventListener("change", () => { chosen = null; again({ guess: true }); });
  byId("encoding").addEventListener("change", () => again());
  byId("crs-list").addEventListener("change", (event) => { byId("crs").hidden = event.target.value !== "other"; if (event.target.value !== "other") again(); });
  byId("crs").addEventListener("change", () => again());
  byId("date_order").addEventListener("change", () => again());
  byId("timezone").addEventListener("change", () => again());
  byId("look-again").addEventListener("click", () => again());
  byId("try").addEventListener("click", () => run(true));
  byId("step-how").addEventListener("submit", (event) => { event.preventDefault(); run(false); });
}

start();
history().then(settled).then(() => { document.documentElement.dataset.ready = "true"; });
