// When a session ends the page stays, covered, with all that was typed and drawn. Once the same account signs in again, it goes on.

import { make, toast } from "./dom.js";
import { account, csrf, t, who } from "./i18n.js";
import { letGo } from "./unsaved.js";

const AGAIN_MS = 2000;
let token = csrf;
let waiting = null; // {promise, resolve} while nobody is signed in

/** The safety token of changing requests. */
export const safety = () => token;

/** Whether a refusal says that the session of this page is over. */
export const over = ({ status, code }) => status === 401 && code === "sign_in" && who !== "nobody";

async function present() {
  const answer = await fetch("/api/csrf", { credentials: "same-origin", headers: { Accept: "application/json" } });
  return answer.json();
}

/** Take the safety token of the session that the browser has now. Returns whether it is of this page's account, else who it is of. */
export async function renew() {
  const found = await present().catch(() => null);
  if (!found || (found.account === null && account !== null)) return false;
  if (found.account !== account) return found.account;
  token = found.token;
  return true;
}

const signIn = (next) => `/sign-in?next=${encodeURIComponent(next)}`;

/** Cover the page until somebody has signed in; what the page holds is not to be read meanwhile. */
export function ended() {
  if (waiting) return waiting.promise;
  waiting = {};
  waiting.promise = new Promise((resolve) => { waiting.resolve = resolve; });
  let tab = null, timer = null;
  const button = make("button", { type: "button", class: "button primary", disabled: true, onclick: () => { tab = window.open(signIn("/account"), "_blank"); } }, t("session.sign_in"));
  const box = make("dialog", { id: "session", "aria-labelledby": "session-title" },
    make("header", {}, make("h2", { id: "session-title" }, t("session.title"))), make("p", {}, t("session.kept")),
    make("div", { class: "actions" }, button, make("button", { type: "button", class: "button", onclick: () => { letGo(); location.assign(signIn(location.pathname + location.search)); } }, t("session.leave"))));
  box.addEventListener("cancel", (event) => event.preventDefault());
  box.addEventListener("close", () => { if (waiting) box.showModal(); });
  const check = async () => {
    if (document.hidden || !waiting) return;
    const found = await renew();
    if (typeof found === "string") { letGo(); location.reload(); } // not for the eyes of another account
    if (found !== true || !waiting) return;
    const { resolve } = waiting;
    waiting = null;
    clearInterval(timer);
    window.removeEventListener("focus", check);
    box.close();
    box.remove();
    tab?.close();
    toast(t("session.renewed"));
    resolve();
  };
  document.body.append(box);
  box.showModal();
  // First what binds the form of the other tab to this browser, then the way there: two at once would each get another one.
  present().catch(() => null).finally(() => {
    button.disabled = false;
    button.focus();
    timer = setInterval(check, AGAIN_MS);
    window.addEventListener("focus", check);
  });
  return waiting.promise;
}
