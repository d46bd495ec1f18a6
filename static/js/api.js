// Every request of the pages: one error shape, one sign of work, nothing older than what was asked last.

import { byId } from "./dom.js";
import { t } from "./i18n.js";
import { ended, over, renew, safety } from "./session.js";

let running = 0;
let timer = null;
const idle = [];

/** An answer the service refused, with its message and remedy in the reader's language. */
export class Refused extends Error {
  constructor({ code = "network", message, remedy = "" }, status = 0) {
    super(message);
    this.code = code;
    this.remedy = remedy;
    this.status = status;
  }
}

function begin() {
  running += 1;
  timer ??= setTimeout(() => { byId("busy").hidden = false; }, 300);
}

function end() {
  running -= 1;
  if (running > 0) return;
  clearTimeout(timer);
  timer = null;
  byId("busy").hidden = true;
  setTimeout(() => { if (running === 0) for (const run of idle.splice(0)) run(); }, 60);
}

/** Let a wait count as a running request: nobody takes the page for settled meanwhile. */
export async function counted(wait) {
  begin();
  try {
    return await wait;
  } finally {
    end();
  }
}

/** Resolve when no request is running (and none was started right after). */
export function settled() {
  return new Promise((resolve) => { if (running === 0) setTimeout(() => (running === 0 ? resolve() : idle.push(resolve)), 60); else idle.push(resolve); });
}

/** Run what asks the service; once more where its session ended and somebody signed in again, or has another safety token now. */
export async function lasting(run, quiet = false) {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Refused) || !(await anew(error, quiet))) throw error;
    return run();
  }
}

/** Whether what was refused may be asked again. What a page asks by itself does not wait for anybody. */
async function anew(error, quiet) {
  if (over(error)) {
    const again = ended();
    if (!quiet) await again;
    return !quiet;
  }
  if (error.status !== 403 || !["csrf_wrong", "csrf_missing"].includes(error.code)) return false;
  const found = await renew();
  if (typeof found === "string") throw new Refused({ code: "other_account", message: t("session.other", { name: found }), remedy: t("session.other.remedy") }, 403);
  return found;
}

function addressOf(path, query) {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") url.searchParams.append(name, String(one));
    }
  }
  return url;
}

/** Fetch a file. Returns {blob, name}; throws Refused with the service's message and remedy. */
export const download = (path, options = {}) => lasting(() => fileOf(path, options));

async function fileOf(path, { query = null }) {
  begin();
  try {
    let answer;
    try {
      answer = await fetch(addressOf(path, query), { credentials: "same-origin" });
    } catch {
      throw new Refused({ message: t("error.network"), remedy: t("error.network.remedy") });
    }
    if (!answer.ok) {
      const found = await answer.json().catch(() => null);
      throw new Refused(found?.error ?? { code: "shape", message: t("error.shape", { status: answer.status }), remedy: t("error.network.remedy") }, answer.status);
    }
    const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? path.split("/").at(-1);
    return { blob: await answer.blob(), name };
  } finally {
    end();
  }
}

/** Fetch JSON. Throws Refused; an aborted request throws the AbortError of the browser. */
export const request = (path, options = {}) => lasting(() => jsonOf(path, options), options.quiet);

async function jsonOf(path, { method = "GET", query = null, body = undefined, signal = undefined, quiet = false } = {}) {
  const url = addressOf(path, query);
  const headers = { Accept: "application/json" };
  const options = { method, headers, signal, credentials: "same-origin" };
  if (method !== "GET") headers["X-CSRF-Token"] = safety();
  if (body instanceof FormData) options.body = body;
  else if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  if (!quiet) begin();
  try {
    let answer;
    try {
      answer = await fetch(url, options);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Refused({ message: t("error.network"), remedy: t("error.network.remedy") });
    }
    const text = await answer.text();
    let found = null;
    try {
      found = JSON.parse(text);
    } catch {
      throw new Refused({ code: "shape", message: t("error.shape", { status: answer.status }), remedy: t("error.network.remedy") }, answer.status);
    }
    if (!answer.ok) throw Object.assign(new Refused(found.error ?? { message: String(answer.status) }, answer.status), { answer: found });
    return found;
  } finally {
    if (!quiet) end();
  }
}

/** Return a function that fetches and forgets its earlier call: only the latest answer arrives, others resolve to null. */
export function latest() {
  let controller = null;
  return async (path, options = {}) => {
    controller?.abort();
    const mine = controller = new AbortController();
    try {
      const found = await request(path, { ...options, signal: mine.signal });
      return mine === controller ? found : null;
    } catch (error) {
      if (error.name === "AbortError") return null;
      throw error;
    }
  };
}
