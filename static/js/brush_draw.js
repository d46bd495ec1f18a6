// How the histogram of the record is painted.

import { lang, t } from "./i18n.js";
import { colour } from "./symbols.js";

const AXIS = 20;
const DAY = 86400000;

/** Paint the bins on a canvas: those in the window in colour; `xOf` gives the place of a day. */
export function drawHistogram(canvas, bins, { view, window: [begin, end] = [], xOf }) {
  const scale = devicePixelRatio || 1;
  canvas.width = canvas.clientWidth * scale;
  canvas.height = canvas.clientHeight * scale;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const high = canvas.clientHeight - AXIS, wide = canvas.clientWidth;
  if (!bins) {
    pen.fillStyle = colour("muted");
    pen.font = "14px sans-serif";
    pen.fillText(t("brush.none"), 0, 24);
    return;
  }
  bins.counts.forEach((count, index) => {
    const [x0, x1] = [Math.max(xOf(bins.edges[index]), 0), Math.min(xOf(bins.edges[index + 1]), wide)];
    const inside = bins.edges[index + 1] > begin && bins.edges[index] < end;
    // What is there is seen, however little it is.
    const tall = count ? Math.max((count / bins.most) * (high - 4), 1) : 0;
    pen.fillStyle = inside ? colour("ramp-3") : colour("no-data");
    pen.fillRect(x0 + 0.5, high - tall, Math.max(x1 - x0 - 1, 0.8), tall);
  });
  pen.fillStyle = colour("line-strong");
  pen.fillRect(0, high, wide, 1);
  axis(pen, high, view, wide, xOf);
}

function axis(pen, high, [from, to], wide, xOf) {
  const span = to - from;
  const style = span > 900 ? { year: "numeric" } : span > 100 ? { year: "numeric", month: "short" } : { month: "short", day: "numeric", ...(span > 45 ? {} : { year: "2-digit" }) };
  const format = new Intl.DateTimeFormat(lang === "zh" ? "zh-CN" : "en-GB", { ...style, timeZone: "UTC" });
  pen.fillStyle = colour("muted");
  pen.font = `14px ${getComputedStyle(document.body).fontFamily}`;
  pen.textAlign = "left";
  let free = -1;
  const start = new Date(from * DAY);
  const each = span > 900 ? 12 : 1;
  for (let step = 0; step < 1000; step += 1) {
    const date = span > 100 ? new Date(Date.UTC(start.getUTCFullYear(), (span > 900 ? 0 : start.getUTCMonth()) + step * each, 1)) : new Date((from + step) * DAY);
    const x = xOf(date.getTime() / DAY);
    if (x > wide) break;
    const label = format.format(date);
    const size = pen.measureText(label).width;
    if (x < 0 || x < free || x + size > wide || (span > 300 && span <= 900 && date.getUTCMonth() % 3 !== 0)) continue;
    pen.fillRect(x, high, 1, 5);
    pen.fillText(label, x + 3, high + 16);
    free = x + size + 6;
  }
}
