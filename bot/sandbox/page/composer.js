// Where people type: Enter sends, Shift+Enter breaks the line, `/` completes commands, `@` people.

import { h, newId, openMenu, replace } from "./dom.js";
import { commandNamed, me, world } from "./world.js";

const PEOPLE_SHOWN = 8;
const HIGHEST = 200;

/** One message box. `options` are {placeholder, send(text), shortcut(callback_id), inThread}. */
export class Composer {
  constructor(options) {
    this.options = options;
    this.found = [];
    this.active = 0;
    const listId = newId("completions");
    this.list = h("div", { class: "completions", role: "listbox", id: listId, "aria-label": "Completions", hidden: true });
    this.hint = h("div", { class: "usage", hidden: true });
    this.area = h("textarea", { rows: 1, "aria-label": options.placeholder, placeholder: options.placeholder,
      "aria-autocomplete": "list", "aria-controls": listId, autocomplete: "off", spellcheck: "false" });
    this.plus = h("button", { type: "button", class: "plus", "aria-label": "Shortcuts and commands", title: "Shortcuts and commands",
      "aria-haspopup": "menu", "aria-expanded": "false" }, "+");
    this.button = h("button", { type: "button", class: "send", "aria-label": "Send", title: "Send (Enter)" }, "➤");
    this.tooBox = h("input", { type: "checkbox" });
    this.tooWords = h("span", {}, "Also send to the channel");
    const too = options.inThread ? h("label", { class: "choice too" }, this.tooBox, this.tooWords) : null;
    this.node = h("div", { class: "composer" }, this.list, this.hint, h("div", { class: "box" }, this.plus, this.area, this.button), too);
    this.area.addEventListener("input", () => this.changed());
    this.area.addEventListener("keydown", (event) => this.pressed(event));
    this.area.addEventListener("blur", () => setTimeout(() => this.offer([]), 150));
    this.area.addEventListener("click", () => this.changed());
    this.button.addEventListener("click", () => this.send());
    this.plus.addEventListener("click", () => openMenu(this.plus, this.menu(), "Shortcuts and commands"));
    this.grow();
  }

  get text() {
    return this.area.value;
  }

  set text(value) {
    this.area.value = value;
    this.changed();
  }

  rename(placeholder) {
    this.area.placeholder = placeholder;
    this.area.setAttribute("aria-label", placeholder);
  }

  focus() {
    this.area.focus();
  }

  menu() {
    const shortcuts = world.snapshot.shortcuts.filter((one) => one.type === "global").map((one) => ({
      label: one.name, hint: one.description, run: () => this.options.shortcut(one.callback_id),
    }));
    if (this.options.inThread) return shortcuts;
    return [...shortcuts, ...world.snapshot.commands.map((one) => ({
      label: one.command, hint: one.description,
      run: () => { this.text = `${one.command} `; this.focus(); },
    }))];
  }

  changed() {
    this.grow();
    const before = this.text.slice(0, this.area.selectionStart);
    const person = /(?:^|\s)@([\w.-]*)$/.exec(before);
    // Commands do not work in threads, so none is offered there.
    if (/^\/\S*$/.test(this.text) && !this.options.inThread) this.offer(commands(this.text));
    else if (person) this.offer(people(person[1]));
    else this.offer([]);
    this.usage();
  }

  usage() {
    const entry = commandNamed(this.text.split(/\s/)[0]);
    const isShown = Boolean(entry) && /\s/.test(this.text) && !this.options.inThread;
    this.hint.hidden = !isShown;
    if (isShown) replace(this.hint, h("code", {}, `${entry.command} ${entry.usage_hint}`.trim()), ` ${entry.description}`);
  }

  offer(found) {
    this.found = found;
    this.active = 0;
    this.list.hidden = !found.length;
    replace(this.list, found.map((one, index) => h("div", { role: "option", id: `${this.list.id}-${index}`,
      on: { pointerdown: (event) => { event.preventDefault(); this.take(one); } } },
      h("strong", {}, one.title), " ", one.usage ? h("code", {}, one.usage) : null, h("small", {}, one.hint))));
    this.mark();
  }

  mark() {
    [...this.list.children].forEach((node, index) => {
      node.setAttribute("aria-selected", String(index === this.active));
      if (index === this.active) node.scrollIntoView({ block: "nearest" });
    });
    if (this.found.length) this.area.setAttribute("aria-activedescendant", `${this.list.id}-${this.active}`);
    else this.area.removeAttribute("aria-activedescendant");
  }

  take(one) {
    const before = this.text.slice(0, this.area.selectionStart);
    const start = one.isCommand ? 0 : before.lastIndexOf("@");
    const rest = this.text.slice(this.area.selectionStart);
    this.text = `${this.text.slice(0, start)}${one.title} ${rest}`;
    const caret = start + one.title.length + 1;
    this.area.setSelectionRange(caret, caret);
    this.focus();
    this.offer([]);
  }

  pressed(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (this.found.length && step) {
      this.active = (this.active + step + this.found.length) % this.found.length;
      this.mark();
      event.preventDefault();
    } else if (this.found.length && event.key === "Escape") {
      this.offer([]);
      event.preventDefault();
      event.stopPropagation();
    } else if (this.found.length && (event.key === "Tab" || event.key === "Enter") && !this.isWhole()) {
      this.take(this.found[this.active]);
      event.preventDefault();
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.send();
    }
  }

  // What is typed out already is sent by Enter, not completed to itself.
  isWhole() {
    return this.text.slice(0, this.area.selectionStart).split(/\s/).at(-1) === this.found[this.active].title;
  }

  async send() {
    const text = this.text.trim();
    if (!text) return;
    const isForAll = this.tooBox.checked;
    this.text = "";
    this.tooBox.checked = false;
    const isTaken = await this.options.send(text, isForAll);
    if (isTaken || this.text) return;
    this.text = text;
    this.tooBox.checked = isForAll;
  }

  grow() {
    this.area.style.setProperty("height", "auto");
    this.area.style.setProperty("height", `${Math.min(this.area.scrollHeight, HIGHEST)}px`);
  }
}

function commands(typed) {
  return world.snapshot.commands.filter((one) => one.command.startsWith(typed)).map((one) => ({
    title: one.command, usage: one.usage_hint, hint: one.description, isCommand: true,
  }));
}

function people(typed) {
  const wanted = typed.toLowerCase();
  return [...world.people.values()]
    .filter((one) => !one.is_gone && one.id !== me()?.id)
    .filter((one) => one.name.toLowerCase().startsWith(wanted) || one.real_name.toLowerCase().startsWith(wanted))
    .slice(0, PEOPLE_SHOWN)
    .map((one) => ({ title: `@${one.name}`, hint: one.real_name }));
}
