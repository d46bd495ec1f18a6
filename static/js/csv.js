// CSV that no spreadsheet takes for formulas.

import { make } from "./dom.js";

/** Return a value as a cell: numbers as they are, text quoted where it must be and never begun like a formula. */
export function csvCell(value, numeric = false) {
  const text = value === null || value === undefined ? "" : String(value);
  const safe = !numeric && /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Let the reader save lines of cells as a file. */
export function saveCsv(name, lines) {
  const link = make("a", { href: URL.createObjectURL(new Blob([`\ufeff${lines.join("\r\n")}\r\n`], { type: "text/csv;charset=utf-8" })), download: `${name}.csv` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
