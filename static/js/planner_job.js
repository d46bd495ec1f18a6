// The computation behind the figures: how far it is, cancel, begin again; what is shown meanwhile.

import { askStatus, command, figures } from "./planner_data.js";
import { byId } from "./dom.js";
import { number, t } from "./i18n.js";
import { now } from "./shell.js";

const PERIOD_MS = 700;
let timer = null;
let finished = null;
let round = 0;

const percentOf = (share) => number(100 * Math.max(0, Math.min(1, share ?? 0)));

function show(text, { progress = null, cancel = false, again = false, failed = false } = {}) {
  byId("job").hidden = text === null;
  if (text === null) return;
  byId("job").classList.toggle("failed", failed);
  byId("job-text").textContent = text;
  byId("job-bar").hidden = !cancel;
  if (progress === null) byId("job-bar").removeAttribute("value");
  else byId("job-bar").value = progress;
  byId("job-cancel").hidden = !cancel;
  byId("job-again").hidden = !again;
}

function sentence(found) {
  const meta = figures.coverage?.meta ?? {};
  const shown = meta.computed_revision ?? null;
  const revision = found.revision ?? now()?.revision ?? "–";
  const fields = { shown, revision, step: found.step ?? "", share: percentOf(found.progress) };
  if (shown === null || !figures.coverage?.grids?.length) return t("job.first", fields);
  return shown === revision ? t("job.other", fields) : t("job.now", fields);
}

const fail = (error) => show(`${t("job.failed")} ${error?.message ?? ""} ${error?.remedy ?? ""}`.trim(), { again: true, failed: true });

async function poll(mine) {
  const found = await askStatus();
  if (mine !== round) return;
  if (found?.state === "computing") {
    show(sentence(found), { progress: found.progress ?? null, cancel: true });
    timer = setTimeout(() => poll(mine), PERIOD_MS);
  } else if (found?.state === "failed") fail(found.error);
  else if (found?.state === "cancelled") show(t("job.cancelled"), { again: true });
  else {
    show(null);
    finished?.();
  }
}

/** Follow the computation that an answer of /api/coverage speaks of, if any; `done` runs when it is complete. */
export function follow(answer, done) {
  clearTimeout(timer);
  round += 1;
  finished = done;
  const { meta } = answer;
  if (meta?.computing) {
    show(sentence({ ...meta.computing, revision: meta.revision }), { progress: meta.computing.progress ?? null, cancel: true });
    const mine = round;
    timer = setTimeout(() => poll(mine), PERIOD_MS);
  } else if (meta?.state === "failed") fail(meta.error);
  else if (meta?.stale) show(t("job.stale", { shown: meta.computed_revision, revision: meta.revision }), { again: true });
  else show(null);
}

export function startJob() {
  byId("job-cancel").addEventListener("click", async () => {
    clearTimeout(timer);
    round += 1;
    byId("job-cancel").disabled = true;
    await command("cancel");
    byId("job-cancel").disabled = false;
    await poll(round);
  });
  byId("job-again").addEventListener("click", async () => {
    round += 1;
    byId("job-again").disabled = true;
    await command("start");
    byId("job-again").disabled = false;
    await poll(round);
  });
}
