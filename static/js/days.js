// Local days as numbers (days since 1970-01-01), and the bins a record is shown in.

const DAY = 86400000;
const HALF_PERCENT = 0.005;

export const dayNumber = (text) => Math.round(Date.parse(`${text}T00:00:00Z`) / DAY);
export const dayText = (value) => new Date(value * DAY).toISOString().slice(0, 10);
export const localDay = (iso, zone) => new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(new Date(iso));

const parts = (value) => { const date = new Date(value * DAY); return [date.getUTCFullYear(), date.getUTCMonth()]; };
const dayOf = (year, month) => Date.UTC(year, month, 1) / DAY;

/** Return the first day of the step ("day", "week" from Monday, "month", "year") that holds a day. */
export function floorDay(value, step) {
  const [year, month] = parts(value);
  if (step === "week") return value - ((((value + 3) % 7) + 7) % 7); // day 0 was a Thursday
  if (step === "month") return dayOf(year, month);
  return step === "year" ? dayOf(year, 0) : value;
}

/** Return the first day of the next step. */
export function nextDay(value, step) {
  const [year, month] = parts(value);
  if (step === "week") return value + 7;
  if (step === "month") return dayOf(year, month + 1);
  return step === "year" ? dayOf(year + 1, 0) : value + 1;
}

/** Return the day `months` months before or after, the last of its month where that month is shorter. */
export function addMonths(value, months) {
  const [year, month] = parts(value);
  const first = dayOf(year, month + months), length = dayOf(year, month + months + 1) - first;
  return first + Math.min(value - dayOf(year, month), length - 1);
}

/** Return the finest step whose bars are wide enough to be told apart and hit. */
export function stepFor(span, width) {
  if (width / span >= 4) return "day";
  if (width / (span / 7) >= 3) return "week";
  return width / (span / 30.4) >= 2 ? "month" : "year";
}

/**
 * Return the bins of a part of a record: {step, edges, counts, most}.
 *
 * record: {first, counts} with one count a day; the first and the last bin may reach beyond `from` and `to`.
 */
export function binsOf(record, from, to, width) {
  const step = stepFor(to - from, width);
  const edges = [floorDay(from, step)], counts = [];
  while (edges.at(-1) < to) {
    const [low, high] = [edges.at(-1), nextDay(edges.at(-1), step)];
    let sum = 0;
    for (let day = Math.max(low - record.first, 0); day < Math.min(high - record.first, record.counts.length); day += 1) sum += record.counts[day];
    counts.push(sum);
    edges.push(high);
  }
  return { step, edges, counts, most: Math.max(...counts, 1) };
}

/** Return the part of a record worth opening on: without a long tail that holds less than half a percent at either end. */
export function worthwhile(record) {
  const { first, counts } = record;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const whole = [first, first + counts.length];
  if (total === 0) return whole;
  let low = 0, sum = 0;
  while (sum + counts[low] <= HALF_PERCENT * total) sum += counts[low++];
  let high = counts.length;
  sum = 0;
  while (sum + counts[high - 1] <= HALF_PERCENT * total) sum += counts[--high];
  // The months where the tails end stay whole.
  const part = [Math.max(floorDay(first + low, "month"), first), Math.min(nextDay(first + high - 1, "month"), whole[1])];
  return part[1] - part[0] < 0.6 * counts.length ? part : whole;
}

/** Return how many incidents of a record lie in ``from <= day < to``. */
export function countIn(record, from, to) {
  let sum = 0;
  for (let day = Math.max(from - record.first, 0); day < Math.min(to - record.first, record.counts.length); day += 1) sum += record.counts[day];
  return sum;
}

/** Return whether a month {year, month} has a day in the window of two dates, ``from <= day < to``; null leaves a side open. */
export function monthInWindow(row, from, to) {
  const first = dayOf(row.year, row.month - 1);
  return (!to || first < dayNumber(to)) && (!from || dayOf(row.year, row.month) > dayNumber(from));
}
