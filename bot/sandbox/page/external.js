// Menus that ask the bot for their options while somebody types.

import { h, newId, replace } from "./dom.js";

const PAUSE_MS = 200;
const LEAST = 3; // what Slack documents for a menu that does not say
const names = new Map(); // what an option is called, by menu and value

/**
 * A field to type into, with what the bot offers below. `picked` are values, `ask(typed)` resolves to the answer,
 * `changed` is called when the choice is another.
 */
export class External {
  constructor(element, picked, label, ask) {
    this.element = element;
    this.isMany = element.type.startsWith("multi_");
    this.ask = ask;
    this.picked = picked.map((one) => this.learn(one));
    const listId = newId("options");
    this.list = h("div", { class: "options", role: "listbox", id: listId, "aria-label": label || "Options", hidden: true });
    this.note = h("div", { class: "unseen", role: "status" });
    this.input = h("input", { id: newId("external"), type: "text", role: "combobox", "aria-label": label || "Choose", "aria-autocomplete": "list",
      "aria-expanded": "false", "aria-controls": listId, autocomplete: "off", placeholder: element.placeholder?.text ?? "Type to search" });
    this.chips = h("span", { class: "chips" });
    this.node = h("div", { class: "external", "data-action": element.action_id }, this.chips, this.input, this.list, this.note);
    this.found = [];
    this.active = -1;
    this.input.addEventListener("input", () => this.typed());
    this.input.addEventListener("focus", () => { if (!this.least && this.list.hidden) this.typed(); });
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    // The field's own change is not the menu's.
    this.input.addEventListener("change", (event) => event.stopPropagation());
    this.input.addEventListener("blur", () => { this.shut(); this.input.value = ""; });
    this.draw();
  }

  get least() {
    return this.element.min_query_length ?? LEAST;
  }

  // Values that were entered before come as options or bare; what they are called is kept for when they come bare.
  learn(one) {
    const value = one.value ?? one;
    if (one.text) names.set(`${this.element.action_id} ${value}`, one.text.text);
    return value;
  }

  nameOf(value) {
    return names.get(`${this.element.action_id} ${value}`) ?? value;
  }

  read() {
    return this.isMany ? [...this.picked] : this.picked[0] ?? null;
  }

  draw() {
    replace(this.chips, this.picked.map((value) => h("span", { class: "chip" }, h("span", {}, this.nameOf(value)),
      h("button", { type: "button", "aria-label": `Remove ${this.nameOf(value)}`, on: { click: () => this.drop(value) } }, "×"))));
    this.input.hidden = !this.isMany && this.picked.length > 0;
  }

  typed() {
    clearTimeout(this.pause);
    const typed = this.input.value.trim();
    if (typed.length < this.least) { this.offer([], typed ? `Type ${this.least - typed.length} more` : ""); return; }
    this.pause = setTimeout(() => this.fetch(typed), typed ? PAUSE_MS : 0);
  }

  async fetch(typed) {
    if (!this.found.length) this.offer([], "Looking…");
    const result = await this.ask(typed);
    // A late answer to what is not typed any more is nobody's answer.
    if (typed !== this.input.value.trim() || document.activeElement !== this.input) return;
    const options = result.options ?? [];
    this.offer(options, result.ok ? (options.length ? "" : "Nothing found") : "The options could not be loaded");
  }

  offer(entries, words) {
    this.found = entries.flatMap((entry) => entry.options ?? [entry]).filter((one) => !this.picked.includes(one.value));
    this.found.forEach((one) => this.learn(one));
    let number = 0;
    const draw = (one) => {
      if (this.picked.includes(one.value)) return null;
      number += 1;
      return h("div", { role: "option", id: `${this.list.id}-${number - 1}`, on: { pointerdown: (event) => { event.preventDefault(); this.take(one.value); } } },
        one.text.text, one.description ? h("small", {}, one.description.text) : null);
    };
    replace(this.list, entries.map((entry) => (entry.options
      ? h("div", { role: "group", "aria-label": entry.label.text }, h("div", { class: "subtle" }, entry.label.text), entry.options.map(draw)) : draw(entry))),
    words ? h("div", { class: "subtle" }, words) : null);
    this.note.textContent = words || `${this.found.length} found`;
    this.list.hidden = !this.found.length && !words;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    this.mark(this.found.length ? 0 : -1);
  }

  mark(to) {
    this.active = to;
    [...this.list.querySelectorAll("[role=option]")].forEach((node, index) => {
      node.setAttribute("aria-selected", String(index === to));
      if (index === to) node.scrollIntoView({ block: "nearest" });
    });
    if (to < 0) this.input.removeAttribute("aria-activedescendant");
    else this.input.setAttribute("aria-activedescendant", `${this.list.id}-${to}`);
  }

  pressed(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.found.length) this.mark((this.active + step + this.found.length) % this.found.length);
    else if (event.key === "Enter" && this.active >= 0) this.take(this.found[this.active].value);
    else if (event.key === "Escape" && !this.list.hidden) { this.shut(); event.stopPropagation(); }
    else if (event.key === "Backspace" && !this.input.value && this.isMany && this.picked.length) this.drop(this.picked.at(-1));
    else if (event.key !== "Enter") return;
    event.preventDefault();
  }

  take(value) {
    const most = this.element.max_selected_items ?? Infinity;
    if (this.isMany && this.picked.length >= most) { this.offer([], `At most ${most}`); return; }
    this.choose(this.isMany ? [...this.picked, value] : [value]);
    if (!this.isMany) this.chips.querySelector("button")?.focus();
  }

  drop(value) {
    this.choose(this.picked.filter((one) => one !== value));
    this.input.focus();
  }

  choose(values) {
    this.picked = values;
    this.input.value = "";
    this.shut();
    this.draw();
    this.node.dispatchEvent(new Event("change", { bubbles: true }));
  }

  shut() {
    clearTimeout(this.pause);
    this.found = [];
    this.mark(-1);
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
  }
}
