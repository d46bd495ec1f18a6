// A sortable table driven by keyboard and linked with the map by the key of its rows.

import { csvCell, saveCsv } from "./csv.js";
import { make } from "./dom.js";
import { lang, t } from "./i18n.js";

const STEP = 200;
const collator = new Intl.Collator(lang === "zh" ? "zh-CN" : "en", { numeric: true });

/**
 * A table.
 *
 * columns: [{key, label, unit, numeric, text(row), value(row), cell(row) -> Node | string}]; `text` is what is shown; exported is `value`
 * (where `key` holds another unit than the head says), else the number of `key`, else `text`; `by(row)` is sorted by, else `key`.
 * `exported`, where set, are the columns of the CSV. on: {select(row), open(row), hover(key | null)}; keyOf(row) -> string.
 */
export class Table {
  constructor(box, { columns, keyOf, on = {}, sort, label, empty }) {
    Object.assign(this, { box, columns, keyOf, on, sort, label, empty });
    this.rows = [];
    this.limit = STEP;
    this.selected = null;
    this.body = make("tbody", { data: { from: "data" } });
    this.head = make("thead");
    this.foot = make("p", { class: "more", hidden: true });
    this.table = make("table", { "aria-label": label }, this.head, this.body);
    box.replaceChildren(this.table, this.foot);
    this.body.addEventListener("click", (event) => this.pick(event.target.closest("tr")));
    this.body.addEventListener("dblclick", (event) => this.open(event.target.closest("tr")));
    this.body.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("mouseover", (event) => on.hover?.(event.target.closest("tr")?.dataset.key ?? null));
    this.body.addEventListener("mouseleave", () => on.hover?.(null));
    this.drawHead();
  }

  drawHead() {
    this.head.replaceChildren(make("tr", {}, ...this.columns.map((column) => {
      const sorted = this.sort?.key === column.key;
      const arrow = sorted ? make("span", { class: "arrow", "aria-hidden": "true" }, this.sort.down ? "▾" : "▴") : null;
      const button = make("button", { type: "button", "aria-label": column.label ? null : column.title, title: column.title ?? null, onclick: () => this.sortBy(column) }, column.numeric ? arrow : null, make("span", {}, column.label), column.numeric ? null : arrow,
        column.unit ? make("span", { class: "unit" }, column.unit) : null);
      return make("th", { scope: "col", class: column.numeric ? "number" : "", "aria-sort": sorted ? (this.sort.down ? "descending" : "ascending") : null }, button);
    })));
  }

  sortBy(column) {
    this.sort = { key: column.key, down: this.sort?.key === column.key ? !this.sort.down : Boolean(column.numeric) };
    this.drawHead();
    this.draw();
  }

  setRows(rows) {
    this.rows = rows;
    this.limit = STEP;
    this.draw();
  }

  setColumns(columns) {
    this.columns = columns;
    this.drawHead();
  }

  ordered() {
    if (!this.sort) return this.rows;
    const { key, down } = this.sort;
    const column = this.columns.find((one) => one.key === key);
    const by = column?.by ?? ((row) => row[key]);
    const missing = (value) => value === null || value === undefined || Number.isNaN(value);
    return [...this.rows].sort((a, b) => {
      const [x, y] = [by(a), by(b)];
      if (missing(x) || missing(y)) return missing(x) - missing(y);
      const order = typeof x === "number" && typeof y === "number" ? x - y : collator.compare(String(x), String(y));
      return (down ? -order : order) || collator.compare(String(this.keyOf(a)), String(this.keyOf(b)));
    });
  }

  draw() {
    const rows = this.ordered();
    this.byKey = new Map(rows.map((row) => [this.keyOf(row), row]));
    const place = rows.findIndex((row) => this.keyOf(row) === this.selected);
    if (place >= this.limit) this.limit = place + 20;
    this.body.replaceChildren(...rows.slice(0, this.limit).map((row, index) => {
      const key = this.keyOf(row);
      const chosen = key === this.selected;
      return make("tr", { data: { key }, tabIndex: chosen || (place < 0 && index === 0) ? 0 : -1, "aria-selected": String(chosen) },
        ...this.columns.map((column) => make("td", { class: [column.numeric ? "number" : "", column.name ?? ""].join(" ").trim() },
          column.cell ? column.cell(row) : column.text(row))));
    }));
    const rest = rows.length - this.limit;
    this.foot.hidden = rows.length > 0 && rest <= 0;
    this.foot.replaceChildren(rows.length === 0 ? this.empty ?? t("table.empty") : make("button", { type: "button", class: "button",
      onclick: () => { this.limit += STEP * 5; this.draw(); } }, t("table.more", { count: rest })));
  }

  /** Select the row of a key without telling anyone; scrolls to it. */
  select(key, { scroll = true } = {}) {
    this.selected = key;
    const row = this.byKey?.get(key);
    if (row && !this.row(key)) this.draw();
    for (const one of this.body.children) {
      const chosen = one.dataset.key === key;
      one.setAttribute("aria-selected", String(chosen));
      one.tabIndex = chosen ? 0 : -1;
      if (chosen && scroll) one.scrollIntoView({ block: "nearest" });
    }
    if (!this.row(key) && this.body.firstElementChild) this.body.firstElementChild.tabIndex = 0;
  }

  row(key) {
    return [...this.body.children].find((one) => one.dataset.key === key) ?? null;
  }

  hover(key) {
    for (const one of this.body.children) one.classList.toggle("hover", one.dataset.key === key);
  }

  pick(element) {
    if (!element) return;
    this.select(element.dataset.key, { scroll: false });
    this.on.select?.(this.byKey.get(element.dataset.key));
  }

  open(element) {
    if (element) (this.on.open ?? this.on.select)?.(this.byKey.get(element.dataset.key));
  }

  key(event) {
    const current = event.target.closest("tr");
    if (!current) return;
    const rows = [...this.body.children];
    const place = rows.indexOf(current);
    const goal = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: rows.length - 1, PageDown: place + 10, PageUp: place - 10 }[event.key];
    if (goal !== undefined) {
      event.preventDefault();
      const next = rows[Math.max(0, Math.min(goal, rows.length - 1))];
      next.focus();
      this.pick(next);
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.open(current);
    } else if (event.key === " ") {
      event.preventDefault();
      this.pick(current);
    }
  }

  /** Download the rows in their present order as CSV that no spreadsheet takes for formulas. */
  export(name) {
    const columns = this.exported ?? this.columns.filter((column) => column.key);
    const lines = [columns.map((column) => csvCell(column.unit ? `${column.label} (${column.unit})` : column.label)).join(",")];
    for (const row of this.ordered()) {
      lines.push(columns.map((column) => csvCell(column.value ? column.value(row) : column.numeric ? row[column.key] : column.text ? column.text(row) : row[column.key], column.numeric)).join(","));
    }
    saveCsv(name, lines);
  }
}
