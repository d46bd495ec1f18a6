// What the planner's page asks of the service: one set of figures for one choice of filters, and the work behind it.

import { latest, Refused, request } from "./api.js";
import { CHOICE, queryOf, state } from "./state.js";
import { fault } from "./workspace.js";

/** The fields of the state that figures depend on. */
export const DEPENDS = ["level", "edition", "task", "online_only", "assumed_range_m", "target_height_m", ...CHOICE];
const SPOTS = 200;
const PATIENCE_S = 2;

/** What was last loaded; null until then. `coverage.meta.computing` says whether better is on its way. */
export const figures = { coverage: null, spots: null, cameras: null, inventory: null, fragility: null, standards: null };

/** Return the query that every request of the page carries. */
export const params = () => ({ ...queryOf(DEPENDS, null), edition: state.task ? state.edition : null });

/** Return `path` with the query of the page, for a link. */
export function addressOf(path, more = {}) {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries({ ...params(), ...more })) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== null && one !== undefined && one !== "") url.searchParams.append(name, String(one));
  }
  return `${url.pathname}${url.search}`;
}

const heard = new Map();

/** Be told when `name` ("coverage", "spots", …) was loaded. */
export function onFigures(name, run) {
  if (!heard.has(name)) heard.set(name, new Set());
  heard.get(name).add(run);
}

function loaded(name, found) {
  figures[name] = found;
  for (const run of heard.get(name) ?? []) run(found);
}

const failed = new Set();

/** Be told when `name` could not be loaded, with the refusal. */
export const onRefused = (run) => failed.add(run);

const fetches = new Map();

async function load(name, path, more = {}) {
  if (!fetches.has(name)) fetches.set(name, latest());
  try {
    const found = await fetches.get(name)(path, { query: { ...params(), ...more } });
    if (found) loaded(name, found);
    return found;
  } catch (error) {
    fault(error, () => load(name, path, more));
    for (const run of failed) run(name, error);
    return null;
  }
}

export const loadCoverage = () => load("coverage", "/api/coverage", { wait_s: PATIENCE_S });
export const loadSpots = () => load("spots", "/api/blindspots", { limit: SPOTS, wait_s: PATIENCE_S });
export const loadCameras = () => load("cameras", "/api/cameras");
export const loadInventory = () => load("inventory", "/api/inventory");
export const loadFragility = () => load("fragility", "/api/fragility", { wait_s: PATIENCE_S });

export async function loadStandards() {
  if (figures.standards) return;
  try {
    loaded("standards", await request("/api/standards"));
  } catch (error) {
    fault(error, loadStandards);
  }
}

/** Ask how far the computation is; null where the service cannot say. */
export async function askStatus() {
  try {
    return await request("/api/coverage/status", { query: params(), quiet: true });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return null;
  }
}

/** Cancel the computation, or begin it again. */
export async function command(what) {
  try {
    return await request(addressOf(`/api/coverage/${what}`), { method: "POST", body: {} });
  } catch (error) {
    fault(error, () => command(what));
    return null;
  }
}

/** Return three shares (0..1) of a whole from what is seen at all and what is surely seen; null where there is nothing. */
export function shares(whole, seen, certain) {
  if (!(whole > 0)) return null;
  return { certain: certain / whole, possible: (seen - certain) / whole, blind: (whole - seen) / whole };
}

/** The four denominators of a row of coverage: {whole, shares}. */
export const MEASURES = {
  open: (row) => ({ whole: row.open_m2, shares: shares(row.open_m2, row.certain_m2 + row.possible_m2, row.certain_m2) }),
  streets: (row) => ({ whole: row.streets_m, shares: shares(row.streets_m, row.streets_seen_m, row.streets_certain_m) }),
  incidents: (row) => ({ whole: row.incidents, shares: shares(row.incidents, row.incidents_seen, row.incidents_certain) }),
  places: (row) => ({ whole: row.places, shares: shares(row.places, row.places_seen, row.places_certain) }),
};
