// Tables: `table` as it is, `data_table` with sorting, a filter and pages.

import { h, replace } from "./dom.js";
import { richText, wordsOf } from "./richtext.js";

const PAGE = 5; // what Slack documents for a table that does not say
const FILTER_FROM = 8;

function cellNodes(cell) {
  if (cell.type === "rich_text") return richText(cell);
  return cell.text ?? (cell.type === "raw_number" ? Number(cell.value).toLocaleString("en-US") : "");
}

function words(cell) {
  return cell.type === "rich_text" ? wordsOf(cell) : String(cell.text ?? cell.value ?? "");
}

/** A table block: its first row is the heading. */
export function table(block) {
  const settings = block.column_settings ?? [];
  const align = (index) => ({ "text-align": settings[index]?.align ?? "left" });
  const wrap = (index) => (settings[index]?.is_wrapped === false ? "nowrap" : null);
  const [head, ...rows] = block.rows;
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table" }, h("table", {},
    h("thead", {}, h("tr", {}, head.map((cell, index) => h("th", { scope: "col", style: align(index) }, cellNodes(cell))))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, index) =>
      h("td", { style: align(index), class: wrap(index) }, cellNodes(cell))))))));
}

/** A data_table block. */
export function dataTable(block) {
  return new DataTable(block).node;
}

class DataTable {
  constructor(block) {
    [this.head, ...this.rows] = block.rows;
    this.size = block.page_size ?? PAGE;
    this.heading = block.row_header_column_index ?? 0;
    this.isNumber = this.head.map((_, index) => this.rows.every((row) => row[index].type === "raw_number"));
    this.page = 0;
    this.sorted = null;
    this.wanted = "";
    this.body = h("tbody");
    this.foot = h("div", { class: "table-foot" });
    this.titles = this.head.map((cell, index) => this.title(cell, index));
    this.node = h("div", { class: "data-table" },
      h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": block.caption },
        h("table", {}, h("caption", {}, block.caption), h("thead", {}, h("tr", {}, this.titles)), this.body)),
      h("div", { class: "table-tools" }, this.foot, this.rows.length >= FILTER_FROM ? this.filter(block.caption) : null));
    this.draw();
  }

  filter(caption) {
    return h("input", { type: "search", class: "filter", placeholder: "Filter rows", "aria-label": `Filter ${caption}`,
      on: { input: (event) => { this.wanted = event.target.value.toLowerCase(); this.page = 0; this.draw(); } } });
  }

  title(cell, index) {
    const sort = h("button", { type: "button", on: { click: () => this.sort(index) } }, words(cell), h("span", { "aria-hidden": "true", class: "sort" }, "↕"));
    return h("th", { scope: "col", class: this.isNumber[index] ? "number" : null }, sort);
  }

  sort(index) {
    const down = this.sorted?.index === index && !this.sorted.down;
    this.sorted = { index, down };
    this.titles.forEach((title, at) => {
      title.querySelector(".sort").textContent = at === index ? (down ? "↓" : "↑") : "↕";
      if (at === index) title.setAttribute("aria-sort", down ? "descending" : "ascending");
      else title.removeAttribute("aria-sort");
    });
    this.page = 0;
    this.draw();
  }

  found() {
    const rows = this.rows.filter((row) => !this.wanted || row.some((cell) => words(cell).toLowerCase().includes(this.wanted)));
    if (!this.sorted) return rows;
    const { index, down } = this.sorted;
    return rows.sort((a, b) => (down ? -1 : 1) * compare(a[index], b[index]));
  }

  draw() {
    const rows = this.found();
    const pages = Math.max(1, Math.ceil(rows.length / this.size));
    this.page = Math.min(this.page, pages - 1);
    const shown = rows.slice(this.page * this.size, (this.page + 1) * this.size);
    replace(this.body, shown.map((row) => h("tr", {}, row.map((cell, index) =>
      h(index === this.heading ? "th" : "td", { scope: index === this.heading ? "row" : null,
        class: this.isNumber[index] ? "number" : null }, cellNodes(cell))))));
    const step = (by, text, off) => h("button", { type: "button", class: "button", disabled: off,
      on: { click: () => { this.page += by; this.draw(); } } }, text);
    const count = rows.length === 1 ? "1 row" : `${rows.length} rows`;
    replace(this.foot, h("span", { role: "status" }, pages > 1 ? `${count} · page ${this.page + 1} of ${pages}` : count),
      pages > 1 ? [step(-1, "Previous", this.page === 0), step(1, "Next", this.page === pages - 1)] : null);
  }
}

function figure(cell) {
  if (cell.type === "raw_number") return cell.value;
  const text = words(cell).replace(/[$,€£%\s\u00a0+]/g, "").replace("\u2212", "-");
  return text && !Number.isNaN(Number(text)) ? Number(text) : null;
}

function compare(a, b) {
  const [x, y] = [figure(a), figure(b)];
  if (x !== null && y !== null) return x - y;
  return words(a).localeCompare(words(b), "en", { numeric: true });
}
