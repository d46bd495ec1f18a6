// Run by tests/test_page_parts.py: plays what happens to a page when its session, its network or a colleague gets in the way,
// against a service that answers by a script; prints what the page did and asked for as JSON. No browser: a few objects stand for it.
import { register } from "node:module";

// What draws on the map is not needed here, and needs a browser.
const STUBS = {
  "map.js": "export const map = {};", "drafts.js": "export const openDraft = () => {};",
  "shell.js": "export const now = () => null;", "symbols.js": "export const colour = () => '';",
};
register(`data:text/javascript,${encodeURIComponent(`
  const stubs = ${JSON.stringify(STUBS)};
  export async function resolve(name, context, next) {
    const stub = stubs[name.replace("./", "")];
    return stub ? { url: "data:text/javascript," + encodeURIComponent(stub), format: "module", shortCircuit: true } : next(name, context);
  }
`)}`);

class Element extends EventTarget {
  constructor(tag) {
    super();
    Object.assign(this, { tag, dataset: {}, style: {}, children: [], hidden: false, disabled: false, textContent: "", open: false, parent: null, classList: { toggle: () => {} } });
  }
  append(...more) { for (const one of more) { if (one instanceof Element) one.parent = this; this.children.push(one); } }
  replaceChildren(...more) { this.children = []; this.append(...more); }
  remove() { if (this.parent) this.parent.children = this.parent.children.filter((one) => one !== this); this.parent = null; }
  contains(other) { return this === other || this.children.some((one) => one instanceof Element && one.contains(other)); }
  querySelector() { return null; }
  setAttribute(name, value) { this[name] = value; }
  focus() {}
  showModal() { this.open = true; }
  close() { this.open = false; this.dispatchEvent(new Event("close")); }
  click() { this.onclick?.({}); this.dispatchEvent(new Event("click")); }
  getContext() { return new Proxy({}, { get: () => () => {}, set: () => true }); }
  get text() { return this.children.map((one) => (one instanceof Element ? one.text : String(one))).join(" ") || this.textContent; }
  all(tag) { return [...(this.tag === tag ? [this] : []), ...this.children.flatMap((one) => (one instanceof Element ? one.all(tag) : []))]; }
}

const TEXT = new Proxy({}, { get: (_, key) => `[${key}]` });
const parts = new Map();
const byId = (id) => {
  if (!parts.has(id)) parts.set(id, new Element("div"));
  return parts.get(id);
};
const boot = { page: "grids", lang: "en", tag: "en", csrf: "first", who: "account", account: "Post 1", status: null, text: {} };
Object.assign(byId("boot"), { textContent: JSON.stringify(boot) });
const parse = JSON.parse;
JSON.parse = (text) => { const found = parse(text); return found?.page === "grids" ? { ...found, text: TEXT } : found; };
globalThis.document = Object.assign(new EventTarget(), { getElementById: byId, createElement: (tag) => new Element(tag), body: new Element("body"), hidden: false, querySelector: () => null });
globalThis.window = Object.assign(new EventTarget(), { open: (address) => { did.opened = address; return { close: () => { did.closed = true; } }; } });
globalThis.location = { origin: "http://atlas", pathname: "/grids", search: "?tab=drafts", assign: (to) => { did.left = to; }, reload: () => { did.reloaded = true; } };
globalThis.devicePixelRatio = 1;
globalThis.L = { layerGroup: () => ({ addTo: () => ({ clearLayers: () => {} }) }), geoJSON: () => ({ addTo: () => {} }) };
const kept = new Map();
globalThis.sessionStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
globalThis.CustomEvent ??= class extends Event {};
const later = setInterval;
globalThis.setInterval = (run) => later(run, 3); // nobody waits for two seconds here

let did = {};
let asked = [];
let script = null;
globalThis.fetch = async (url, { method = "GET", headers = {}, body } = {}) => {
  const path = String(url).replace("http://atlas", "");
  const call = { method, path, token: headers["X-CSRF-Token"], body: body ? parse(body) : null };
  if (path !== "/api/csrf") asked.push(call);
  const found = script(call);
  if (found === "lost") throw new TypeError("no network");
  const [status, answer] = found;
  return { ok: status < 400, status, text: async () => JSON.stringify(answer), json: async () => answer, headers: new Map() };
};
const refuse = (status, code) => [status, { error: { code, message: code, remedy: "" } }];
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const buttons = (id) => byId(id).children.flatMap((box) => box.all("button"));

const { request } = await import("../static/js/api.js");
const { Work } = await import("../static/js/draft_work.js");
const { Conflict } = await import("../static/js/draft_conflict.js");
const { startUnsaved } = await import("../static/js/unsaved.js");
const { toDraft } = await import("../static/js/repairs.js");

function draft(version, steps, more = {}) {
  return { id: "d", name: "Bend", state: "draft", version, step: steps.length, steps, created_by: "Post 1", conflicts: [], grids: { features: [] }, ...more };
}

/** A draft that is open, and what it tells the page. */
async function opened(first = draft(1, [])) {
  const told = { refused: [], conflicts: 0, offered: null };
  const work = new Work({ changed: () => {}, conflict: () => { told.conflicts += 1; }, refused: (error, action) => { told.refused.push(error.code); told.offered = action; } });
  script = () => [200, first];
  await work.open("d");
  asked = [];
  return { work, told };
}

const STEP = { level: "grid", code: "T01", line: [[1.5, 2.25], [3, 4]] };
const stepOf = (params) => ({ op: "split", params, at: "2026-01-01T00:00:00Z", by: "Post 1", grids: 2 });

const scenes = {
  async session_ends() {
    let account = null;
    script = ({ path, token }) => (path === "/api/csrf" ? [200, { token: account ? "second" : "none", account }] : account && token === "second" ? [200, { done: true }] : refuse(401, "sign_in"));
    const quiet = await request("/api/status", { quiet: true }).catch((error) => error.code);
    const waits = request("/api/x", { method: "POST", body: { reason: "typed" } });
    await pause(15);
    const box = document.body.children[0];
    const covered = { boxes: document.body.children.length, open: box.open, says: box.text };
    box.close(); // Esc, pressed often enough
    const again = box.open;
    box.all("button")[0].click();
    account = "Post 1";
    return { quiet, covered, again, answer: await waits, after: document.body.children.length };
  },
  async text_that_is_not_sent() {
    const field = (value, defaultValue, hiddenBy = null) => ({ value, defaultValue, closest: () => hiddenBy });
    const found = {};
    const leave = () => {
      const event = new Event("beforeunload", { cancelable: true });
      window.dispatchEvent(event);
      return event.defaultPrevented;
    };
    startUnsaved();
    for (const [name, ...all] of [["none"], ["typed", field("why", "")], ["as it came", field("why", "why ")], ["closed", field("why", "", {})]]) {
      document.querySelectorAll = () => all;
      found[name] = leave();
    }
    return found;
  },
  async another_account() {
    script = ({ path }) => (path === "/api/csrf" ? [200, { token: "x", account: "Post 2" }] : refuse(401, "sign_in"));
    request("/api/x", { method: "POST", body: {} });
    await pause(30);
    const { reloaded } = did;
    script = ({ path }) => (path === "/api/csrf" ? [200, { token: "x", account: "Post 1" }] : [200, {}]);
    await pause(20); // let the page go on for the scenes that follow
    return { reloaded, asked: asked.length };
  },
  async token_of_an_older_session() {
    let account = "Post 1";
    script = ({ path, token }) => (path === "/api/csrf" ? [200, { token: "third", account }] : token === "third" ? [200, { done: true }] : refuse(403, "csrf_wrong"));
    const answer = await request("/api/x", { method: "POST", body: {} });
    account = "Post 2";
    const other = await request("/api/x", { method: "PUT", body: {} }).catch((error) => error.code);
    script = ({ path }) => (path === "/api/csrf" ? [200, { token: "fourth", account }] : refuse(403, "csrf_wrong"));
    return { answer, other, foreign: await request("/api/x", { method: "POST", body: {} }).catch((error) => [error.code, error.message]) };
  },
  async network_is_lost_before_a_step() {
    const { work, told } = await opened();
    script = () => "lost";
    await work.step("split", STEP);
    const first = { ...told, offered: told.offered?.label, stays: told.offered?.stays };
    script = ({ method, body }) => (method === "GET" ? [200, draft(1, [])] : [200, draft(2, [stepOf({ level: body.level, code: body.code, line: body.line })])]);
    await told.offered.run();
    return { first, steps: work.draft.steps.length, conflicts: told.conflicts, sent: asked.filter(({ method }) => method === "POST").length };
  },
  async network_is_lost_after_a_step() {
    const { work, told } = await opened();
    script = () => "lost";
    await work.step("split", STEP);
    script = ({ method }) => (method === "GET" ? [200, draft(2, [stepOf(STEP)])] : refuse(409, "conflict"));
    await told.offered.run();
    return { version: work.draft.version, conflicts: told.conflicts, sent: asked.filter(({ method }) => method === "POST").length };
  },
  async network_is_lost_and_a_colleague_was_faster() {
    const { work, told } = await opened();
    script = () => "lost";
    await work.step("split", STEP);
    script = ({ method }) => (method === "GET" ? [200, draft(2, [stepOf({ ...STEP, code: "T02" })])] : refuse(409, "conflict"));
    await told.offered.run();
    return { version: work.draft.version, conflicts: told.conflicts };
  },
  async only_the_outer_border_is_asked_for() {
    const offer = (error) => (error.code === "outer_border" ? { label: "meant", run: () => {} } : null);
    const { work, told } = await opened();
    const found = {};
    for (const code of ["reshape", "outer_border"]) {
      script = () => refuse(422, code);
      await work.step("reshape", {}, offer);
      found[code] = told.offered?.label ?? null;
    }
    return found;
  },
  async nobody_says_what_is_kept() {
    const { work } = await opened();
    const conflict = new Conflict(work, true);
    const what = { error: Object.assign(new Error("stale"), { remedy: "", answer: { error: {} } }), what: "steps", body: STEP, mine: { op: "split", params: STEP } };
    script = () => "lost";
    await conflict.open(what);
    const [open, retry] = [byId("draft-conflict").open, buttons("toasts").find((one) => one.children[0] === "[error.retry]")];
    script = () => [200, draft(2, [stepOf(STEP)])];
    retry?.click();
    await pause(10);
    return { open, after: byId("draft-conflict").open, steps: conflict.theirs?.steps.length ?? null };
  },
  async a_fork_that_fails_keeps_the_question() {
    const { work } = await opened();
    const conflict = new Conflict(work, true);
    const what = { error: Object.assign(new Error("stale"), { remedy: "", answer: { error: {} } }), what: "steps", body: STEP, mine: { op: "split", params: STEP } };
    script = () => [200, draft(2, [])];
    await conflict.open(what);
    asked = [];
    script = ({ method, path }) => (path === "/api/drafts" ? [201, draft(1, [], { id: "mine" })] : method === "DELETE" ? [200, {}] : "lost");
    byId("draft-conflict-fork").click();
    await pause(10);
    return { open: byId("draft-conflict").open, meant: conflict.what === what, deleted: asked.filter(({ method }) => method === "DELETE").map(({ path }) => path), lead: byId("draft-conflict-lead").textContent };
  },
  async repairs_that_no_longer_fit() {
    kept.clear();
    let version = 1;
    script = ({ path, body }) => (path === "/api/drafts" ? [201, draft(version, [])] : body.finding === "b" ? refuse(422, "reshape") : body.finding === "c" ? refuse(400, "parameter") : [200, draft(version += 1, [])]);
    const done = await toDraft(["a", "b", "c", "d"].map((finding) => ({ finding, method: "m" })));
    return { done, says: byId("toasts").text };
  },
  async repairs_go_into_a_draft_of_ones_own() {
    const found = {};
    for (const [name, more] of [["own", {}], ["foreign", { created_by: "Post 2" }], ["stale", { conflicts: [{ code: "T01" }] }]]) {
      kept.clear();
      kept.set("atlas.draft", "d");
      asked = [];
      script = ({ method, path }) => (method === "GET" ? [200, draft(1, [], more)] : path === "/api/drafts" ? [201, draft(1, [], { id: "new" })] : [200, draft(2, [])]);
      await toDraft([{ finding: "a", method: "m" }]);
      found[name] = asked.at(-1).path;
    }
    return found;
  },
};

const results = {};
for (const [name, play] of Object.entries(scenes)) {
  did = {};
  asked = [];
  for (const id of [...parts.keys()]) if (id !== "boot") parts.delete(id);
  results[name] = { ...(await play()), did };
}
console.log(JSON.stringify(results));
process.exit(0);
