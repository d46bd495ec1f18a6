// The figures of hot spots in words.

import { number, t } from "./i18n.js";

/** Return how seldom a chance comes true, in two digits: "400" for once in 400 times. */
export function oddsOf(p) {
  if (p === null || p === undefined) return "–";
  if (p >= 0.5) return number(1 / p, 1);
  if (p <= 1e-6) return t("hotspot.odds.most");
  const digits = 10 ** Math.max(String(Math.trunc(1 / p)).length - 2, 0);
  return number(Math.round(1 / p / digits) * digits);
}

/** Return the same as "1 in 400". */
export const oddsText = (p) => (p === null || p === undefined ? "–" : t("hotspot.odds", { odds: oddsOf(p) }));

/** Return an expected number with as many digits as mean something. */
export const expectedText = (value) => (value === null || value === undefined ? "–" : number(value, value < 1 ? 2 : value < 100 ? 1 : 0));
export const kindText = (kind) => t(`hotspot.kind.${kind}`);
