// The line to the service by which a page hears of incidents as they happen: a stream, or asking where that is cut off.
// Every incident arrives once: the cursor says where to go on, whatever happened to the line.

import { request } from "./api.js";

const QUIET_MS = 25000; // the service gives a sign every 10 s: without one for so long the line is cut
const HELLO_MS = 6000; // a stream that says nothing at once is held back by something between
const ASK_MS = 3000;
const AGAIN_MS = 60000; // while asking, the stream is tried again so often
const HIDDEN_MS = 60000; // a page that nobody sees lets its line go, and goes on later where it was
const GATHER_MS = 200; // incidents of so long are told together
const MOST = 100; // incidents that are kept to be listed
const MANY = 500; // incidents asked for at a time

/** What is known of the line: `state` is connecting, open, asking or lost; `heard` when the service last gave a sign (ms). */
export const line = { state: "connecting", heard: 0, cursor: null, data: null, alerts: null };

/** The latest incidents, newest first. */
export const latest = [];

const heard = { incidents: new Set(), line: new Set(), data: new Set(), alerts: new Set() };
export const onLive = (what, run) => heard[what].add(run);
const tell = (what, ...facts) => { for (const run of heard[what]) run(...facts); };

let source = null;
let watch = null; // the timer that finds a silent line
let asking = null; // the timer of the next question
let trying = null; // the timer of the next try of the stream
let hiding = null;
let wait = 1000;
let gathered = [];
let gathering = null;

function be(state) {
  if (line.state === state) return;
  line.state = state;
  tell("line", line);
}

function sign(facts = null) {
  line.heard = Date.now();
  if (facts && "data" in facts) {
    if (line.data !== null && facts.data !== line.data) tell("data", facts.data);
    line.data = facts.data;
  }
  if (facts && "alerts" in facts && facts.alerts !== line.alerts) {
    line.alerts = facts.alerts;
    tell("alerts", facts.alerts);
  }
}

function take(incident) {
  if (line.cursor !== null && incident.seq <= line.cursor) return; // told already, by the other way
  line.cursor = incident.seq;
  gathered.push(incident);
  gathering ??= setTimeout(() => {
    gathering = null;
    const fresh = gathered;
    gathered = [];
    latest.unshift(...[...fresh].reverse());
    latest.length = Math.min(latest.length, MOST);
    tell("incidents", fresh);
    complete();
  }, GATHER_MS);
}

let completing = null;

/** Ask again for incidents that came while the cameras of a large city were being made ready: who sees them is known by then. */
function complete() {
  const open = latest.filter((row) => row.seen === "computing");
  if (open.length === 0 || completing !== null) return;
  completing = setTimeout(async () => {
    try {
      const found = await request("/api/incidents/since", { query: { cursor: Math.min(...open.map((row) => row.seq)) - 1, limit: MANY }, quiet: true });
      const known = new Map(found.incidents.map((row) => [row.seq, row]));
      for (const [index, row] of latest.entries()) if (row.seen === "computing" && known.has(row.seq)) latest[index] = known.get(row.seq);
      tell("incidents", []);
    } catch (error) {
      console.info("live:", error.message);
    }
    completing = null;
    complete();
  }, ASK_MS);
}

function drop() {
  source?.close();
  source = null;
  clearTimeout(watch);
}

/** Look at the line again in `ms`; what comes meanwhile puts it off. */
function expect(ms) {
  clearTimeout(watch);
  watch = setTimeout(() => cut(), ms);
}

function cut() {
  drop();
  clearTimeout(asking);
  ask();
  clearTimeout(trying);
  trying = setTimeout(open, line.state === "lost" ? wait * (0.5 + Math.random()) : AGAIN_MS * (0.75 + Math.random() / 2));
}

async function ask() {
  asking = null;
  try {
    let more = true;
    while (more) {
      const found = await request("/api/incidents/since", { query: { cursor: line.cursor ?? "", limit: MANY }, quiet: true });
      sign(found);
      found.incidents.forEach(take);
      line.cursor = Math.max(line.cursor ?? 0, found.cursor);
      ({ more } = found);
    }
    if (source === null) be("asking");
    wait = 1000;
  } catch (error) {
    console.info("live:", error.message);
    if (source === null) lose();
  }
  if (source === null && !document.hidden) asking = setTimeout(ask, ASK_MS * (0.8 + Math.random() * 0.4));
}

function lose() {
  const before = line.state;
  be("lost");
  wait = Math.min(wait * 2, 15000);
  // What was lost is tried again soon, not with the patience of a line that only lets no stream through.
  if (before !== "lost") {
    clearTimeout(trying);
    trying = setTimeout(open, wait * (0.5 + Math.random()));
  }
}

function open() {
  clearTimeout(trying);
  drop();
  const mine = new EventSource(`/api/stream?cursor=${line.cursor ?? ""}`);
  source = mine;
  expect(HELLO_MS);
  const live = (facts) => {
    if (source !== mine) return false;
    sign(facts);
    expect(QUIET_MS);
    clearTimeout(asking);
    wait = 1000;
    be("open");
    return true;
  };
  for (const name of ["hello", "beat", "data"]) {
    mine.addEventListener(name, (event) => {
      const facts = JSON.parse(event.data);
      if (!live(facts)) return;
      line.cursor ??= facts.cursor;
    });
  }
  mine.addEventListener("incident", (event) => { if (live(null)) take(JSON.parse(event.data)); });
  mine.onerror = () => { if (source === mine) cut(); };
}

function seen() {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(() => { drop(); clearTimeout(asking); clearTimeout(trying); be("connecting"); }, HIDDEN_MS);
  else if (source === null) open();
}

/** Begin to follow; what happened before is in `latest`. `always`: also while nobody sees the page. */
export async function follow({ always = false } = {}) {
  try {
    const found = await request("/api/incidents/since", { query: { limit: MOST }, quiet: true });
    latest.splice(0, latest.length, ...found.incidents);
    line.cursor = found.cursor;
    sign(found);
    tell("incidents", []);
    complete();
  } catch (error) {
    console.info("live:", error.message);
    be("lost");
  }
  open();
  if (!always) document.addEventListener("visibilitychange", seen);
}
