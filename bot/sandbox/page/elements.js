// What people use: buttons, menus, pickers, inputs.
//
// `ctx` is the surface that an element stands on: `use(element, block, value)` sends a block action, `register(block,
// element, read)` lets the surface ask for what is entered, `initial(block, element)` is what was entered before.

import { h, newId, openMenu } from "./dom.js";
import { askToConfirm } from "./dialog.js";
import { External } from "./external.js";
import { Files } from "./files.js";
import { emoji, textOf } from "./mrkdwn.js";
import { handleOf, world } from "./world.js";

const VALUE_KEYS = ["value", "selected_option", "selected_options", "selected_user", "selected_users", "selected_channel",
  "selected_channels", "selected_conversation", "selected_conversations", "selected_date", "selected_time",
  "selected_date_time", "rich_text_value", "files"];

/** One element; `label` names it for those who do not see what it stands beside. */
export function control(element, block, ctx, label = "") {
  const draw = ELEMENTS[element.type] ?? unknown;
  return draw(element, block, ctx, label || textIn(element.placeholder) || element.accessibility_label || "");
}

function textIn(object) {
  return object ? String(object.text ?? "") : "";
}

async function send(node, element, block, ctx, value) {
  if (element.confirm && !(await askToConfirm(element.confirm))) return false;
  node.setAttribute("aria-busy", "true");
  try {
    await ctx.use(element, block, value);
  } finally {
    node.removeAttribute("aria-busy");
  }
  return true;
}

function button(element, block, ctx) {
  const label = element.accessibility_label ?? null;
  const words = element.text ? textOf(element.text) : [emoji(element.icon ?? "gear")];
  const node = h("button", { type: "button", class: `button ${element.style ?? ""}`, "aria-label": label,
    "data-action": element.action_id }, words);
  node.addEventListener("click", async () => {
    if (node.hasAttribute("aria-busy")) return;
    if (/^https?:/i.test(element.url ?? "")) window.open(element.url, "_blank", "noopener,noreferrer");
    await send(node, element, block, ctx, element.value);
  });
  return node;
}

function feedback(element, block, ctx) {
  const one = (entry, mark) => {
    const node = h("button", { type: "button", class: "button", "aria-label": textIn(entry.text) }, mark);
    node.addEventListener("click", () => send(node, element, block, ctx, entry.value));
    return node;
  };
  return h("span", { class: "actions" }, one(element.positive_button, "👍"), one(element.negative_button, "👎"));
}

function overflow(element, block, ctx) {
  const node = h("button", { type: "button", class: "button", "aria-haspopup": "menu", "aria-expanded": "false",
    "aria-label": "More actions", "data-action": element.action_id }, "⋯");
  node.addEventListener("click", () => openMenu(node, element.options.map((option) => ({
    label: textIn(option.text),
    hint: textIn(option.description),
    run: () => send(node, element, block, ctx, option.value),
  })), "More actions"));
  return node;
}

function before(ctx, block, element) {
  const known = ctx.initial?.(block, element);
  const key = VALUE_KEYS.find((name) => known && name in known);
  return key ? known[key] : undefined;
}

const initialOf = (element) => element.initial_option ?? element.initial_options ?? element.initial_user
  ?? element.initial_users ?? element.initial_channel ?? element.initial_channels ?? element.initial_conversation
  ?? element.initial_conversations ?? element.initial_date ?? element.initial_time
  ?? element.initial_date_time ?? element.initial_value;

// What was entered before wins over what the element began with, also when it was emptied.
function startOf(ctx, block, element) {
  const known = before(ctx, block, element);
  return known === undefined ? initialOf(element) : known;
}

function chosen(ctx, block, element) {
  const value = startOf(ctx, block, element);
  return [value].flat().filter((one) => one !== null && one !== undefined).map((one) => one.value ?? one);
}

// What stands in an input waits for the form; elsewhere a choice is sent at once.
function wire(node, element, block, ctx, read) {
  ctx.register?.(block, element, read);
  if (block.type === "input" && !block.dispatch_action) return;
  node.addEventListener("change", async () => {
    const kept = node.dataset.kept;
    const sent = await send(node, element, block, ctx, read());
    if (!sent && kept !== undefined && "value" in node) node.value = kept;
    node.dataset.kept = node.value ?? "";
  });
}

function groupsOf(element) {
  if (element.option_groups) return element.option_groups.map((group) => [textIn(group.label), group.options.map(pairOf)]);
  return [["", (element.options ?? sourceOf(element)).map(pairOf)]];
}

const pairOf = (option) => [option.value, textIn(option.text) + (option.description ? ` – ${textIn(option.description)}` : "")];

function sourceOf(element) {
  const isOf = (kind) => element.type.includes(kind);
  const channels = [...world.channels.values()].filter((one) => one.name).map((one) => [one.id, `#${one.name}`]);
  const people = [...world.people.values()].filter((one) => !one.is_gone).map((one) => [one.id, handleOf(one.id)]);
  const pairs = isOf("users") ? people : isOf("channels") ? channels : [...channels, ...people];
  return pairs.map(([value, text]) => ({ value, text: { text } }));
}

function select(element, block, ctx, label) {
  const isMany = element.type.startsWith("multi_");
  const picked = chosen(ctx, block, element);
  const option = ([value, text]) => h("option", { value, selected: picked.includes(value) }, text);
  const node = h("select", { id: newId("select"), "aria-label": label || "Choose", multiple: isMany, "data-action": element.action_id },
    isMany ? null : h("option", { value: "" }, textIn(element.placeholder) || "Choose an option"),
    groupsOf(element).map(([name, options]) => (name ? h("optgroup", { label: name }, options.map(option)) : options.map(option))));
  if (isMany) node.setAttribute("size", String(Math.min(6, Math.max(3, node.options.length))));
  const all = () => [...node.selectedOptions].map((one) => one.value).filter(Boolean);
  wire(node, element, block, ctx, () => (isMany ? all() : all()[0] ?? null));
  node.dataset.kept = node.value;
  return node;
}

function external(element, block, ctx, label) {
  const picked = [startOf(ctx, block, element)].flat().filter((one) => one !== null && one !== undefined);
  const menu = new External(element, picked, label, (typed) => ctx.suggest(element, block, typed));
  wire(menu.node, element, block, ctx, () => menu.read());
  return menu.node;
}

function files(element, block, ctx, label) {
  const chosenFiles = new Files(element, [startOf(ctx, block, element) ?? []].flat(), label);
  ctx.register?.(block, element, () => chosenFiles.read(), () => chosenFiles.problem());
  return chosenFiles.node;
}

function boxes(element, block, ctx, label) {
  const isRadio = element.type === "radio_buttons";
  const name = newId("choice");
  const picked = chosen(ctx, block, element);
  const one = (option) => h("label", { class: "choice" },
    h("input", { type: isRadio ? "radio" : "checkbox", name, value: option.value, checked: picked.includes(option.value) }),
    h("span", {}, textOf(option.text), option.description ? h("small", {}, textOf(option.description)) : null));
  const node = h("div", { class: "choices", role: isRadio ? "radiogroup" : "group", "aria-label": label || null,
    "data-action": element.action_id }, element.options.map(one));
  const all = () => [...node.querySelectorAll("input:checked")].map((input) => input.value);
  wire(node, element, block, ctx, () => (isRadio ? all()[0] ?? null : all()));
  return node;
}

function typed(element, block, ctx, label) {
  const type = { number_input: "text", email_text_input: "email", url_text_input: "url" }[element.type] ?? "text";
  const isLong = element.multiline || element.type === "rich_text_input";
  const value = startOf(ctx, block, element) ?? "";
  const node = h(isLong ? "textarea" : "input", {
    id: newId("text"), type: isLong ? null : type, rows: isLong ? 4 : null, "aria-label": label,
    inputmode: element.type === "number_input" ? (element.is_decimal_allowed ? "decimal" : "numeric") : null,
    placeholder: textIn(element.placeholder) || null, maxlength: element.max_length ?? null, autocomplete: "off",
    autofocus: element.focus_on_load, "data-action": element.action_id, value: typeof value === "string" ? value : "",
  });
  const read = () => (element.type === "rich_text_input" ? asRichText(node.value) : node.value || null);
  wire(node, element, block, ctx, read);
  return node;
}

function asRichText(text) {
  if (!text) return null;
  return { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text }] }] };
}

function picker(type) {
  return (element, block, ctx, label) => {
    const value = startOf(ctx, block, element) ?? "";
    const node = h("input", { type, id: newId("date"), "aria-label": label || "Choose", value, "data-action": element.action_id });
    wire(node, element, block, ctx, () => node.value || null);
    return node;
  };
}

function moment(element, block, ctx, label) {
  const seconds = startOf(ctx, block, element);
  const local = seconds ? new Date(seconds * 1000 - new Date(seconds * 1000).getTimezoneOffset() * 60000) : null;
  const node = h("input", { type: "datetime-local", id: newId("date"), "aria-label": label || "Choose",
    value: local?.toISOString().slice(0, 16) ?? "", "data-action": element.action_id });
  wire(node, element, block, ctx, () => (node.value ? Math.floor(new Date(node.value).getTime() / 1000) : null));
  return node;
}

function unknown(element) {
  return h("span", { class: "subtle" }, `An element of the type ${element.type}, which this page does not draw.`);
}

const ELEMENTS = {
  button, overflow, workflow_button: button, icon_button: button, feedback_buttons: feedback,
  static_select: select, users_select: select, channels_select: select, conversations_select: select,
  multi_static_select: select, multi_users_select: select, multi_channels_select: select,
  multi_conversations_select: select, external_select: external, multi_external_select: external, file_input: files, checkboxes: boxes, radio_buttons: boxes,
  plain_text_input: typed, number_input: typed, email_text_input: typed, url_text_input: typed, rich_text_input: typed,
  datepicker: picker("date"), timepicker: picker("time"), datetimepicker: moment,
};
