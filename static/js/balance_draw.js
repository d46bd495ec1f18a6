// The figures of the balance: how many grids have which load, and how much of the work the least loaded have.

import { make } from "./dom.js";
import { number, percent, rounded, t } from "./i18n.js";

const [WIDE, HIGH, LEFT, FOOT, TOP] = [208, 112, 30, 20, 8]; // as wide as on a phone: the words keep their size

function shape(name, attributes, ...children) {
  const made = document.createElementNS(document.querySelector("svg").namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

const titled = (made, text) => { made.append(shape("title", {}, text)); return made; };

/** Bars of equal width: how many grids have a load from .. to; the last stands for all above. */
export function histogram({ edges, counts }, bounds) {
  const most = Math.max(...counts, 1);
  const step = (WIDE - LEFT) / counts.length;
  const top = edges.at(-1);
  const across = (load) => LEFT + (load / edges[1]) * step;
  const bars = counts.map((count, i) => {
    const tall = (count / most) * (HIGH - FOOT - TOP);
    const last = i === counts.length - 1;
    const beyond = last || edges[i + 1] <= bounds.low || edges[i] >= bounds.high;
    const text = last ? t("balance.histogram.more", { from: number(top, 2), count: number(count) }) : t("balance.histogram.bar", { from: number(edges[i], 2), to: number(edges[i + 1], 2), count: number(count) });
    return titled(shape("rect", { class: beyond ? "load-bar beyond" : "load-bar", x: LEFT + i * step + 0.5, y: HIGH - FOOT - tall, width: step - 1, height: Math.max(tall, count ? 1 : 0) }), text);
  });
  const marks = [0, 1, 2, 3].filter((load) => load <= top).map((load) => shape("text", { x: across(load), y: HIGH - 4, "text-anchor": load === 0 ? "start" : "middle" }, rounded(load)));
  const lines = [bounds.low, bounds.high].filter((load) => load <= top).map((load) => titled(shape("line", { class: "bound", x1: across(load), x2: across(load), y1: 0, y2: HIGH - FOOT }), `${number(load, 2)} ${t("balance.even_share")}`));
  return shape("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": t("balance.histogram") }, ...bars, ...lines,
    shape("line", { class: "axis", x1: LEFT, x2: WIDE, y1: HIGH - FOOT, y2: HIGH - FOOT }), ...marks,
    shape("text", { x: LEFT - 4, y: TOP + 8, "text-anchor": "end" }, number(most)));
}

/** The Lorenz curve under the line of evenness. */
export function lorenz(points) {
  const wide = 138;
  const at = ([units, work]) => `${(LEFT + units * (wide - LEFT - 4)).toFixed(1)} ${(TOP + (1 - work) * (HIGH - FOOT - TOP)).toFixed(1)}`;
  const half = points.reduce((best, one) => (Math.abs(one[0] - 0.5) < Math.abs(best[0] - 0.5) ? one : best));
  const label = t("balance.lorenz", { units: percent(half[0]), work: percent(half[1]) });
  return titled(shape("svg", { viewBox: `0 0 ${wide} ${HIGH}`, role: "img", "aria-label": label },
    shape("path", { class: "axis", d: `M${at([0, 1])}L${at([0, 0])}L${at([1, 0])}` }),
    shape("path", { class: "bound", d: `M${at([0, 0])}L${at([1, 1])}` }),
    shape("path", { class: "curve", d: points.map((one, i) => `${i ? "L" : "M"}${at(one)}`).join("") }),
    shape("text", { x: LEFT - 4, y: TOP + 8, "text-anchor": "end" }, "1"), shape("text", { x: wide - 4, y: HIGH - 4, "text-anchor": "end" }, "1"),
    shape("text", { x: LEFT - 4, y: HIGH - 4, "text-anchor": "end" }, "0")), label);
}

/** The figures of an answer of /api/balance. */
export function figures(answer) {
  const { grids } = answer.inequality;
  const sum = (key, value) => make("span", { title: t(`balance.${key}.what`) }, `${t(`balance.${key}`)} `, make("b", { data: { from: "data" } }, number(value, key === "gini" ? 3 : 2)));
  return [
    make("p", { class: "sums" }, sum("gini", grids.gini), sum("cv", grids.cv), sum("max", grids.max_mean)),
    make("figure", {}, make("figcaption", {}, `${t("balance.histogram")} · ${t("balance.even_share")}`), histogram(answer.histogram, answer.bounds)),
    make("figure", {}, make("figcaption", {}, t("balance.lorenz.title")), lorenz(answer.lorenz)),
  ];
}
