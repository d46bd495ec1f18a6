// What is noted of findings: assigned to a team, commented, accepted as they are, opened again; one at a time or all that are listed.

import { request } from "./api.js";
import { make, toast } from "./dom.js";
import { moment, number, sentences, t } from "./i18n.js";
import { now } from "./shell.js";

const data = { data: { from: "data" } };
const when = (at) => moment(at.replace(" ", "T"), now()?.timezone);

/** Note the same of some findings; tells the reader and returns whether it was done. */
export async function note(rows, action, text) {
  try {
    const versions = Object.fromEntries(rows.filter((row) => row.noted !== undefined).map((row) => [row.id, row.noted]));
    await request("/api/findings/notes", { method: "POST", body: { findings: rows.map((row) => row.id), action, text, versions } });
    toast(t(`finding.done.${action}`, { count: number(rows.length) }));
    return true;
  } catch (error) {
    toast(`${error.message} ${error.remedy ?? ""}`, { error: true });
    return false;
  }
}

/** A form for a text that is asked for before something is noted. */
export function asks(action, rows, done) {
  const field = make("textarea", { rows: 2, maxLength: 500, required: true, "aria-label": t(`finding.text.${action}`), placeholder: t(`finding.text.${action}`) });
  const form = make("form", { class: "finding-form", onsubmit: async (event) => {
    event.preventDefault();
    if (await note(rows, action, field.value)) done();
  } }, field, make("div", { class: "row" }, make("button", { type: "submit", class: "button primary" }, rows.length > 1 ? t(`finding.${action}_all`, { count: number(rows.length) }) : t(`finding.${action}`)),
    make("button", { type: "button", class: "button", onclick: () => form.remove() }, t("finding.cancel"))));
  queueMicrotask(() => field.focus());
  return form;
}

/** The choice of a team for some findings. */
export function assigns(rows, teams, present, done) {
  const option = (value, text) => make("option", { value, selected: value === (present ?? "") }, text);
  return make("select", { "aria-label": t("finding.assign"), onchange: async (event) => {
    const { target } = event;
    if (await note(rows, "assign", target.value || null)) done(); else target.value = present ?? ""; // not as if it were done
  } },
    option("", present === undefined ? t("finding.assign_all") : t("finding.nobody")), ...teams.map((team) => option(team, team)));
}

/** One line that says in which state a finding is. */
export function stateLine(row) {
  const said = [row.state === "accepted" ? t("finding.accepted_because", { reason: row.reason }) : null, row.team ? t("finding.assigned_to", { team: row.team }) : null].filter(Boolean);
  return said.length ? make("p", { class: "finding-state", ...data }, sentences(said)) : null;
}

/** Everything that was noted of a finding, the oldest first. */
export function history(said) {
  return said.length ? make("ul", { class: "finding-said" }, ...said.map((one) => make("li", data, make("b", {}, t(`finding.said.${one.action}`)), ` ${one.text ?? ""} `, make("span", { class: "muted" }, `${one.by}, ${when(one.at)}`)))) : null;
}
