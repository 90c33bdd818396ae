// Block Kit: each block type as a node. `ctx` says what happens when somebody uses an element (see elements.js).

import { chart } from "./chart.js";
import { add, h } from "./dom.js";
import { control } from "./elements.js";
import { mrkdwn, textOf } from "./mrkdwn.js";
import { markdown, richText } from "./richtext.js";
import { dataTable, table } from "./table.js";

const WIDE = new Set(["checkboxes", "radio_buttons"]);

/** The blocks of a message, modal or Home tab. */
export function renderBlocks(blocks, ctx) {
  return blocks.map((block) => {
    const draw = BLOCKS[block.type] ?? unknown;
    return h("div", { class: `block block-${block.type}`, "data-block": block.block_id }, draw(block, ctx));
  });
}

/** Only pictures that are part of this page's origin, or in the data itself, are loaded: nothing comes from elsewhere. */
export function picture(source, props = {}) {
  const href = source.slack_file?.id ? `/_page/files/${source.slack_file.id}` : source.image_url ?? "";
  const alt = source.alt_text ?? "";
  if (!isOwn(href)) {
    return h("span", { ...props, class: `${props.class ?? ""} no-picture`, role: "img", "aria-label": alt, title: href }, `🖼 ${alt}`);
  }
  return h("img", { ...props, src: href, alt, loading: "lazy" });
}

function isOwn(href) {
  if (/^data:image\/(png|jpeg|gif|webp);/i.test(href)) return true;
  try {
    return Boolean(href) && new URL(href, location.href).origin === location.origin;
  } catch {
    return false;
  }
}

function section(block, ctx) {
  const words = h("div", { class: "words" }, block.text ? h("div", { class: "text" }, textOf(block.text)) : null,
    block.fields?.length ? h("div", { class: "fields" }, block.fields.map((one) => h("div", {}, textOf(one)))) : null);
  if (!block.accessory) return words;
  const beside = block.accessory.type === "image"
    ? picture(block.accessory, { class: "accessory-picture" })
    : control(block.accessory, block, ctx, plain(block.text));
  const stacked = WIDE.has(block.accessory.type) ? " stacked" : "";
  return h("div", { class: `beside${stacked}` }, words, h("div", { class: "accessory" }, beside));
}

function plain(text) {
  return text ? add(h("span"), textOf(text)).textContent : "";
}

function context(block) {
  return h("div", { class: "context" }, block.elements.map((one) =>
    one.type === "image" ? picture(one, { class: "small-picture" }) : h("span", {}, textOf(one))));
}

function actions(block, ctx) {
  return h("div", { class: "actions" }, block.elements.map((one) => control(one, block, ctx)));
}

function header(block) {
  return h(`h${Math.min((block.level ?? 1) + 2, 6)}`, { class: "header" }, textOf(block.text));
}

function image(block) {
  return h("figure", {}, block.title ? h("figcaption", {}, textOf(block.title)) : null, picture(block, { class: "picture" }));
}

function input(block, ctx) {
  const label = plain(block.label);
  const element = block.element;
  const isGroup = WIDE.has(element.type);
  const field = control(element, block, ctx, label);
  const named = field.matches("input,select,textarea") ? field : field.querySelector("input,select,textarea");
  const ids = { hint: `hint-${block.block_id}`, error: `error-${block.block_id}` };
  const optional = block.optional ? h("span", { class: "optional" }, " (optional)") : null;
  const title = isGroup ? h("legend", {}, textOf(block.label), optional)
    : h("label", { for: named?.id }, textOf(block.label), optional);
  named?.removeAttribute("aria-label");
  named?.setAttribute("aria-describedby", `${ids.hint} ${ids.error}`);
  if (!block.optional) named?.setAttribute("aria-required", "true");
  return h(isGroup ? "fieldset" : "div", { class: "field" }, title, field,
    block.hint ? h("div", { class: "hint", id: ids.hint }, textOf(block.hint)) : null,
    h("div", { class: "error", id: ids.error, role: "alert" }));
}

const ALERTS = { default: "💬", info: "ℹ️", warning: "⚠️", error: "⛔", success: "✅" };

function alert(block) {
  const level = block.level ?? "default";
  const mark = h("span", { "aria-hidden": "true" }, ALERTS[level] ?? ALERTS.default);
  return h("div", { class: `alert alert-${level}`, role: "note" }, mark, h("div", {}, textOf(block.text)));
}

function card(block, ctx) {
  return h("div", { class: "card" }, block.hero_image ? picture(block.hero_image, { class: "picture" }) : null,
    block.title ? h("strong", {}, textOf(block.title)) : null,
    block.subtitle ? h("div", { class: "subtle" }, textOf(block.subtitle)) : null,
    block.body ? h("div", {}, textOf(block.body)) : null,
    block.actions?.length ? h("div", { class: "actions" }, block.actions.map((one) => control(one, block, ctx))) : null);
}

function container(block, ctx) {
  const title = block.title ? textOf(block.title) : "";
  const children = renderBlocks(block.child_blocks ?? [], ctx);
  if (!block.is_collapsible) return h("div", { class: "card" }, title ? h("strong", {}, title) : null, children);
  return h("details", { class: "card", open: !block.default_collapsed }, h("summary", {}, title), children);
}

const TASKS = { pending: "○", in_progress: "◐", complete: "✓", error: "✕" };

function task(block) {
  const state = block.status ?? "pending";
  return h("div", { class: `task task-${state}` }, h("span", { role: "img", "aria-label": state.replace("_", " ") }, TASKS[state]), block.title);
}

function plan(block) {
  return h("div", { class: "card" }, h("strong", {}, block.title), (block.tasks ?? []).map(task));
}

function unknown(block) {
  return h("div", { class: "subtle" }, `A block of the type ${block.type}, which this page does not draw.`);
}

const BLOCKS = {
  actions, alert, card, container, context, header, image, input, plan, section, table,
  carousel: (block, ctx) => h("div", { class: "carousel", tabindex: "0" }, block.elements.map((one) => card(one, ctx))),
  context_actions: actions,
  data_table: dataTable,
  data_visualization: (block) => chart(block),
  divider: () => h("hr"),
  markdown: (block) => markdown(block.text),
  rich_text: richText,
  task_card: task,
  video: (block) => h("div", { class: "card" }, textOf(block.title)),
};

/** Attachments of the old kind: a bar, a title, a text, or blocks. */
export function renderAttachment(one, ctx) {
  const color = /^#?[0-9a-f]{6}$/i.test(one.color ?? "") ? `#${one.color.replace("#", "")}` : null;
  return h("div", { class: "attachment", style: color ? { "border-left-color": color } : null },
    one.pretext ? h("div", {}, mrkdwn(one.pretext)) : null,
    one.title ? h("strong", {}, mrkdwn(one.title)) : null,
    one.text ? h("div", {}, mrkdwn(one.text)) : null,
    one.blocks ? renderBlocks(one.blocks, ctx) : null);
}
