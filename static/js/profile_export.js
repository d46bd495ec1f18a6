// A grid's profile as rows: for CSV and for the clipboard.

import { csvCell, saveCsv } from "./csv.js";
import { t, word } from "./i18n.js";

/** Return rows of [section, item, value, unit]; a missing value stays empty. */
export function profileRows(found) {
  const rows = [];
  const add = (section, item, value, unit = "") => rows.push([section, item, value ?? "", unit]);
  const grid = t("detail.grid");
  add(grid, t("col.code"), found.code);
  add(grid, t("field.name"), found.name);
  add(grid, t("col.level"), word(found.level));
  add(grid, t("col.parent"), found.parent?.code);
  add(grid, t("col.team"), found.team);
  add(grid, t("col.population"), found.population);
  add(grid, t("col.area"), found.area_km2, "km²");
  const counts = t("col.incidents");
  add(counts, t("profile.from"), found.meta.from);
  add(counts, t("profile.to"), found.meta.to);
  add(counts, t("profile.revision"), found.meta.revision);
  add(counts, counts, found.incidents);
  add(counts, t("profile.share"), found.share);
  add(counts, t("col.per_km2"), found.per_km2, t("unit.per_km2"));
  add(counts, t("col.per_10k"), found.per_10k, t("unit.per_10k"));
  add(counts, t("profile.rank.word"), found.rank);
  for (const [key, ratio] of Object.entries(found.against)) {
    if (!ratio) continue;
    const title = t(`profile.ratio.${key}`);
    add(title, t("profile.ratio"), ratio.ratio);
    add(title, t("profile.low"), ratio.low);
    add(title, t("profile.high"), ratio.high);
    add(title, t("profile.expected"), ratio.expected);
  }
  for (const row of found.trend.months) add(t("profile.trend"), `${row.year}-${String(row.month).padStart(2, "0")}`, row.incidents, row.partial ? t("seasons.partial.dot") : "");
  for (const row of found.categories) add(t("profile.categories"), row.category === null ? t("profile.category.unknown") : word(row.category), row.count);
  for (const [name, value] of Object.entries(found.coverage.areas ?? {})) if (COVERAGE[name]) add(t("profile.coverage"), t(COVERAGE[name]), value, "m²");
  add(t("data.cameras"), t("profile.number"), found.cameras.count);
  add(t("profile.findings"), t("profile.number"), found.findings.incidents);
  for (const row of found.neighbours) add(t("profile.neighbours"), row.code, row.incidents, counts);
  return rows;
}

const COVERAGE = { open_m2: "col.open", certain_m2: "word.certain", possible_m2: "word.possible", blind_m2: "word.blind", built_m2: "col.built" };

/** Save the profile as CSV. */
export function saveProfile(found) {
  const head = ["profile.section", "profile.item", "profile.value", "profile.unit"].map((key) => csvCell(t(key))).join(",");
  saveCsv(`grid-${found.code}`, [head, ...profileRows(found).map((row) => row.map((value) => csvCell(value, typeof value === "number")).join(","))]);
}

/** Return the profile as text with tabs, as spreadsheets take it from the clipboard. */
export const textOfProfile = (found) => profileRows(found).map((row) => row.map((value) => csvCell(value, typeof value === "number").replaceAll("\t", " ")).join("\t")).join("\n");
