// The answer on top: how much is surely, possibly, not seen; why so little is certain; what had to be assumed.

import { figures, MEASURES } from "./planner_data.js";
import { byId, make } from "./dom.js";
import { COLON, lang, number, rounded, t, word } from "./i18n.js";
import { showTab } from "./panel.js";
import { set, state } from "./state.js";
import { lead } from "./workspace.js";

/** Return a share as per cent: whole, with one decimal below ten, never 0 or 100 for a part that is there. */
export function share(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const percent = 100 * value;
  if (percent > 0 && percent < 0.05) return "<0.1";
  if (percent > 99.95 && percent < 100 - 1e-9) return ">99.9";
  return number(percent, (percent > 0 && percent < 9.95) || (percent > 90.05 && percent < 100) ? 1 : 0);
}

/** Return a bar of the three states, with its figures as its name. */
export function bar(parts, label) {
  if (!parts) return make("span", { class: "bar" });
  const piece = (name) => {
    const made = make("i", { class: `share-${name}` });
    made.style.width = `${100 * Math.max(0, parts[name])}%`;
    return made;
  };
  return make("span", { class: "bar", role: "img", "aria-label": label, title: label }, piece("certain"), piece("possible"), piece("blind"));
}

export const three = (parts) => ({ certain: share(parts.certain), possible: share(parts.possible), blind: share(parts.blind) });

/** Say what keeps the certain share small: the facts that most cameras lack. */
function because(meta, parts) {
  if (!(meta?.cameras > 0) || parts.certain >= 0.25 || parts.certain >= parts.possible) return "";
  const facts = [["why.range", meta.range_unknown], ["why.direction", meta.direction_unknown], ["why.fov", meta.fov_unknown],
    ["why.pixels", state.task ? meta.pixels_unknown : 0], ["why.turning", meta.turning], ["why.state", state.online_only ? meta.state_unknown : 0]];
  const most = facts.filter(([, count]) => count > 0.1 * meta.cameras).sort((a, b) => b[1] - a[1]).slice(0, 2);
  const told = most.length ? most.map(([key, count]) => t(key, { count: number(count), cameras: number(meta.cameras) })) : [t("why.few")];
  return `${t("why.lead")}${lang === "zh" ? "" : " "}${told.join(t("why.and"))}${t("why.end")}`;
}

function assume(meta) {
  const lines = [];
  const line = (key, count, more = {}) => { if (count) lines.push(t(key, { count: number(count), ...more })); };
  line("assume.range", meta.range_unknown, { cameras: number(meta.cameras), range: number(meta.assumed_range_m) });
  line("assume.direction", meta.direction_unknown);
  line("assume.turning", meta.turning);
  line("assume.fov", meta.fov_unknown);
  if (state.task) line("assume.pixels", meta.pixels_unknown);
  line(state.online_only ? "assume.state.possible" : "assume.state", meta.state_unknown);
  line(state.online_only ? "assume.offline.left" : "assume.offline", meta.offline);
  line("assume.height", meta.height_unknown);
  line("assume.near", meta.near_unknown);
  if (meta.area) lines.push(t("assume.area"));
  if (meta.buildings === 0) lines.push(t("assume.buildings"));
  const listed = figures.cameras;
  if (listed && listed.total > listed.cameras.length) lines.push(t("assume.listed", { shown: number(listed.cameras.length), count: number(listed.total) }));
  byId("assumed-title").textContent = t("assume.title", { count: number(lines.length) });
  byId("more-assumed").hidden = lines.length === 0;
  byId("assumptions").replaceChildren(...lines.map((text) => make("li", {}, text)));
}

function scores(totals) {
  byId("scores").replaceChildren(...Object.keys(MEASURES).map((name) => {
    const { whole, shares } = MEASURES[name](totals);
    const what = t(`score.${name}`);
    const label = shares ? t("score.label", { what, ...three(shares) }) : `${what}${COLON}${t("score.none")}`;
    return make("button", { type: "button", disabled: !(whole > 0), "aria-label": label, title: label, data: { measure: name }, onclick: () => { set({ measure: name, tab: "coverage" }); showTab("coverage"); } },
      make("span", {}, what), bar(shares, label), make("span", { class: "figure" }, shares ? t("score.blind", { share: share(shares.blind) }) : t("score.none")));
  }));
}

let compared = null;

/** Show, beside the answer, the totals of what is tried out; null takes them away. */
export function showFigures(totals) {
  compared = totals;
  tell();
}

/** Say where the answer would stand why there is none. */
export function tellRefusal(name, error) {
  if (name !== "coverage" || figures.coverage) return;
  lead([`${error.message} ${error.remedy}`]);
  byId("more-answer").hidden = byId("more-assumed").hidden = true;
}

/** Write the answer of the present figures. */
export function tell() {
  const found = figures.coverage;
  if (!found) return;
  const { meta, totals } = found;
  const parts = totals ? MEASURES.open(totals).shares : null;
  byId("more-answer").hidden = !parts;
  if (!parts) {
    lead([t(meta?.computing ? "answer.waiting" : "answer.none")]);
    byId("why").textContent = "";
    byId("lead-pill").hidden = !meta?.computing;
  } else {
    const classOf = figures.standards?.editions.find((one) => one.edition === state.edition)?.tasks.find((one) => one.task === state.task);
    const rest = state.task ? t("answer.task", { task: word(state.task), px: rounded(meta.px_per_m ?? classOf?.px_per_m), edition: state.edition }) : t("answer.range");
    lead([{ strong: t("answer.shares", three(parts)) }, rest]);
    const tried = compared ? MEASURES.open(compared).shares : null;
    byId("why").textContent = [tried ? t("answer.compare", three(tried)) : "", because(meta, parts)].filter(Boolean).join(" ");
    scores(totals);
  }
  if (meta) assume(meta);
}
