// Modals: the one on top of a person's stack, with inputs, and errors beside them.

import { act, sentence } from "./api.js";
import { renderBlocks } from "./blocks.js";
import { toast } from "./dialog.js";
import { h, replace } from "./dom.js";
import { textOf } from "./mrkdwn.js";
import { me, world } from "./world.js";

export class Modal {
  constructor() {
    this.opener = null;
    this.dialog = h("dialog", { class: "dialog modal", "aria-labelledby": "modal-title" });
    this.dialog.addEventListener("cancel", (event) => { event.preventDefault(); this.shut(); });
    document.body.append(this.dialog);
    this.sig = "";
  }

  /** Show the top of the stack, or nothing. */
  draw(views) {
    const view = views.at(-1);
    const sig = view ? `${view.id} ${view.hash}` : "";
    if (sig === this.sig) return;
    const typed = this.sig.split(" ")[0] === view?.id ? this.entered() : null;
    this.sig = sig;
    if (!view) { this.leave(); return; }
    this.view = view;
    this.fields = [];
    this.build(view, views.length, typed);
    if (!this.dialog.open) this.enter();
    if (!typed) this.focusFirst();
  }

  enter() {
    this.opener = document.activeElement;
    // By the time the dialog is closed what opened it may have been drawn anew: then it is found by what it does.
    const { action } = this.opener?.dataset ?? {};
    const ts = this.opener?.closest("[data-ts]")?.dataset.ts;
    this.twin = action ? `${ts ? `[data-ts="${CSS.escape(ts)}"] ` : ""}[data-action="${CSS.escape(action)}"]` : "";
    this.place = ts ? `[data-ts="${CSS.escape(ts)}"]` : "";
    this.dialog.showModal();
  }

  leave() {
    this.dialog.close();
    if (this.opener?.isConnected && this.opener !== document.body) { this.opener.focus(); return; }
    const back = [this.twin, this.place].filter(Boolean).map((wanted) => document.querySelector(wanted)).find(Boolean);
    if (back && !back.matches("button,input,select,textarea,a")) back.setAttribute("tabindex", "-1");
    (back ?? document.querySelector("#composer textarea"))?.focus({ preventScroll: true });
  }

  build(view, depth, typed) {
    const submit = view.submit ? h("button", { type: "submit", class: "button primary" }, textOf(view.submit)) : null;
    const close = h("button", { type: "button", class: "button" }, view.close ? textOf(view.close) : "Close");
    const cross = h("button", { type: "button", class: "cross", "aria-label": depth > 1 ? "Back" : "Close this dialog" }, depth > 1 ? "←" : "×");
    const form = h("form", { class: "dialog-form", novalidate: true },
      h("div", { class: "dialog-head" }, h("h2", { id: "modal-title" }, textOf(view.title)), cross),
      h("div", { class: "dialog-body" }, renderBlocks(view.blocks, this.context(typed))),
      h("div", { class: "dialog-notes", role: "alert" }), h("div", { class: "dialog-foot" }, close, submit));
    close.addEventListener("click", () => this.shut());
    cross.addEventListener("click", () => this.shut());
    form.addEventListener("submit", (event) => { event.preventDefault(); if (submit) this.submit(submit); });
    replace(this.dialog, form);
  }

  context(typed) {
    const state = this.view.state.values;
    return {
      register: (block, element, read, problem) => this.fields.push({ block, element, read, problem }),
      suggest: (element, block, typed) => act("suggest", { user: me().id, action_id: element.action_id, block_id: block.block_id, typed }),
      initial: (block, element) => (typed?.[block.block_id]?.[element.action_id] ?? state[block.block_id]?.[element.action_id]),
      use: async (element, block, value) => {
        const args = { user: me().id, action_id: element.action_id, block_id: block.block_id, value: value ?? null };
        const result = await act("click_modal", { ...args, values: this.values((field) => field.element !== element && !problemOf(field)) });
        if (!result.ok) toast(sentence(result, world.snapshot.app.name));
      },
    };
  }

  /** What is entered, as the elements would begin with it when the view is drawn again. */
  entered() {
    const typed = {};
    for (const { block, element, read } of this.fields ?? []) {
      const value = read();
      if (value !== null || element.type.endsWith("input")) (typed[block.block_id] ??= {})[element.action_id] = { value };
    }
    return typed;
  }

  values(wanted) {
    const values = {};
    for (const field of this.fields) {
      if (field.block.type === "input" && wanted(field)) (values[field.block.block_id] ??= {})[field.element.action_id] = field.read();
    }
    return values;
  }

  async submit(button) {
    const wrong = {};
    for (const field of this.fields.filter((one) => one.block.type === "input")) {
      const problem = problemOf(field) ?? (isEmpty(field.read()) && !field.block.optional ? "Please fill this in." : null);
      if (problem) wrong[field.block.block_id] = problem;
    }
    if (this.show(wrong)) return;
    button.setAttribute("aria-busy", "true");
    button.disabled = true;
    const result = await act("submit", { user: me().id, values: this.values(() => true) });
    button.removeAttribute("aria-busy");
    button.disabled = false;
    this.show(result.errors ?? {});
    if (!result.ok) toast(sentence(result, world.snapshot.app.name));
  }

  /** Put errors beside their fields; says whether there was one. */
  show(errors) {
    let first = null;
    for (const node of this.dialog.querySelectorAll(".error")) {
      const text = errors[node.id.replace(/^error-/, "")] ?? "";
      node.textContent = text;
      const field = node.parentElement.querySelector("input,select,textarea");
      field?.setAttribute("aria-invalid", String(Boolean(text)));
      if (text) first ??= field;
    }
    first?.focus();
    return Boolean(first);
  }

  async shut() {
    const result = await act("close", { user: me().id });
    if (result.refused) toast(result.error);
  }

  focusFirst() {
    const field = this.dialog.querySelector("[autofocus]") ?? this.dialog.querySelector(".dialog-body :is(input,select,textarea)");
    (field ?? this.dialog.querySelector(".dialog-foot .button"))?.focus();
  }
}

const isEmpty = (value) => value === null || value === "" || (Array.isArray(value) && !value.length);

/** Why an entry is not one that the element takes, or nothing. */
function problemOf({ element, read, problem }) {
  const value = read();
  if (problem?.()) return problem();
  if (isEmpty(value) || typeof value !== "string") return null;
  if (element.min_length && value.length < element.min_length) return `At least ${element.min_length} characters.`;
  if (element.type === "email_text_input" && !/^[^@\s]+@[^@\s]+$/.test(value)) return "That is no e-mail address.";
  if (element.type === "url_text_input" && !value.includes("://")) return "That is no link.";
  return element.type === "number_input" ? numberProblem(element, value) : null;
}

function numberProblem(element, value) {
  if (!(element.is_decimal_allowed ? /^-?\d+(\.\d+)?$/ : /^-?\d+$/).test(value)) {
    return element.is_decimal_allowed ? "That is no number." : "That is no whole number.";
  }
  const number = Number(value);
  if (element.min_value !== undefined && number < Number(element.min_value)) return `At least ${element.min_value}.`;
  if (element.max_value !== undefined && number > Number(element.max_value)) return `At most ${element.max_value}.`;
  return null;
}
