// Messages: who, when, what; threads, reactions, edits; and what one may do with each.

import { act, sentence } from "./api.js";
import { renderAttachment, renderBlocks, picture } from "./blocks.js";
import { clock, dateOfTs, dayKey, dayTitle, fullMoment } from "./dates.js";
import { askToConfirm, toast } from "./dialog.js";
import { add, h, keep, openMenu } from "./dom.js";
import { editMessage } from "./editing.js";
import { mrkdwn } from "./mrkdwn.js";
import { reactButton, reactions } from "./reactions.js";
import { me, personName, world } from "./world.js";

const TOGETHER_SECONDS = 300;
const HUES = 360;
const QUOTED = 60;

export function avatar(id) {
  const person = world.people.get(id);
  const isApp = id === world.snapshot.app.user;
  const letters = personName(id).split(/\s+/).map((word) => word[0]).slice(0, 2).join("").toUpperCase();
  // Ids count up, so neighbours are sent far apart on the circle of colours.
  const hue = [...id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0) * 137) % HUES, 7);
  return h("span", { class: `avatar${isApp ? " app" : ""}${person?.is_bot ? " bot" : ""}`, "aria-hidden": "true", style: { "--hue": hue } },
    isApp ? "◆" : letters || "?");
}

/**
 * Draw a list of messages into `box`. `surface` is {channel, isThread, openThread}; `notes` are what Slack itself said
 * to this person, which is stored nowhere.
 */
export function drawMessages(box, messages, surface, notes = []) {
  const all = [...messages, ...notes].sort((a, b) => a.ts.localeCompare(b.ts));
  const entries = [];
  let last = null;
  for (const message of all) {
    const day = dayKey(dateOfTs(message.ts));
    if (!surface.isThread && (!last || day !== dayKey(dateOfTs(last.ts)))) {
      const title = dayTitle(dateOfTs(message.ts));
      entries.push({ key: `day-${day}`, sig: title, make: () => h("div", { class: "day", role: "separator" }, h("span", {}, title)) });
      last = null;
    }
    const goesOn = Boolean(last) && continues(last, message);
    if (surface.isThread && entries.length === 1) entries.push(countOf(all.filter((one) => !one.is_ephemeral).length - 1));
    entries.push({
      key: `${message.is_ephemeral ? "e" : "m"}${message.ts}`,
      sig: JSON.stringify([message, goesOn, world.peopleSig]),
      make: (former) => messageNode(message, surface, goesOn, former),
    });
    last = message;
  }
  keep(box, entries);
}

function countOf(replied) {
  const words = replied === 1 ? "1 reply" : `${replied} replies`;
  return { key: "count", sig: words, make: () => h("div", { class: "day", role: "separator" }, h("span", {}, words)) };
}

function continues(last, message) {
  const isSame = last.user === message.user && Boolean(last.is_ephemeral) === Boolean(message.is_ephemeral);
  // What an app built of blocks is a thing of its own, with its own head.
  const isBuilt = Boolean(message.bot_id && message.blocks?.length);
  return isSame && !isBuilt && !message.is_ephemeral && !last.reply_count && message.subtype !== "thread_broadcast" && Number(message.ts) - Number(last.ts) < TOGETHER_SECONDS;
}

const drawn = new WeakMap();

// A reaction or a reply leaves the body as it is: what is sorted, opened or half typed there stays.
function bodyOf(message, surface, former) {
  const { reactions: _, reply_count: __, reply_users: ___, reply_users_count: ____, latest_reply: _____, ...said } = message;
  const sig = JSON.stringify([said, world.peopleSig]);
  const known = former?.querySelector(":scope > .what > .body");
  if (known && drawn.get(known) === sig) return known;
  const body = h("div", { class: "body" }, contents(message, surface));
  drawn.set(body, sig);
  return body;
}

function messageNode(message, surface, goesOn, former) {
  const at = dateOfTs(message.ts);
  const time = h("time", { datetime: at.toISOString(), title: fullMoment(at) }, clock(at));
  const name = personName(message.user);
  const isBot = Boolean(message.bot_id);
  const head = h("div", { class: "who" }, h("span", { class: "name" }, name),
    isBot ? h("span", { class: "tag" }, "App") : null, time);
  const only = message.is_ephemeral ? h("div", { class: "only" }, "Only visible to you") : null;
  return h("article", { class: `message${goesOn ? " goes-on" : ""}${message.is_ephemeral ? " ephemeral" : ""}`,
    "aria-label": `${name}, ${clock(at)}`, "data-ts": message.ts },
    goesOn ? h("span", { class: "gutter", "aria-hidden": "true", title: fullMoment(at) }, clock(at).replace(/\s.*/, "")) : avatar(message.user),
    h("div", { class: "what" }, only, goesOn ? null : head, sentToo(message, surface), bodyOf(message, surface, former),
      reactions(message, surface), replies(message, surface)),
    message.subtype === "tombstone" || message.is_note ? null : toolbar(message, surface));
}

// A reply that was sent to the channel too says there what it answers, and in its thread that it was.
function sentToo(message, surface) {
  if (message.subtype !== "thread_broadcast") return null;
  if (surface.isThread) return h("div", { class: "too" }, "Also sent to the channel");
  const words = add(h("span"), mrkdwn(message.root?.text ?? "")).textContent;
  return h("div", { class: "too" }, "Replied to a thread: ", h("button", { type: "button", class: "linkish",
    on: { click: () => surface.openThread(message.thread_ts) } }, words.length > QUOTED ? `${words.slice(0, QUOTED)}…` : words || "the thread"));
}

function contents(message, surface) {
  const ctx = contextOf(message, surface.channel);
  const edited = message.edited && message.subtype !== "tombstone" ? h("span", { class: "edited", title: fullMoment(dateOfTs(message.edited.ts)) }, " (edited)") : null;
  // People's rich text holds what they typed to the letter; the text has their mentions resolved.
  const blocks = message.bot_id ? message.blocks ?? [] : [];
  const words = blocks.length ? renderBlocks(blocks, ctx) : message.text ? [h("div", { class: "text" }, mrkdwn(message.text), edited)] : [];
  return [...words, blocks.length ? edited : null, (message.attachments ?? []).map((one) => renderAttachment(one, ctx)),
    (message.files ?? []).map(fileNode)];
}

function fileNode(file) {
  const words = file.title || file.name;
  return h("figure", { class: "file" }, h("figcaption", {}, words), picture({ slack_file: { id: file.id }, alt_text: words }, { class: "picture" }));
}

/** What happens when somebody uses an element of a message. */
function contextOf(message, channel) {
  const fields = [];
  return {
    register: (block, element, read) => fields.push([block, element, read]),
    suggest: (element, block, typed) => act("suggest", { user: me().id, action_id: element.action_id, block_id: block.block_id, typed, channel, ts: message.ts }),
    use: async (element, block, value) => {
      const values = {};
      for (const [held, field, read] of fields) {
        if (held.type === "input" && field !== element) (values[held.block_id] ??= {})[field.action_id] = read();
      }
      const result = await act("click", { user: me().id, channel, ts: message.ts, action_id: element.action_id,
        block_id: block.block_id, value: value ?? null, values });
      if (!result.ok) toast(sentence(result, world.snapshot.app.name));
    },
  };
}

function replies(message, surface) {
  if (!message.reply_count || surface.isThread) return null;
  const count = message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`;
  return h("button", { type: "button", class: "replies", on: { click: () => surface.openThread(message.ts) } },
    h("span", { class: "faces" }, message.reply_users.slice(0, 3).map(avatar)), h("strong", {}, count),
    h("span", { class: "subtle" }, `last ${dayTitle(dateOfTs(message.latest_reply)).toLowerCase() === "today" ? "at" : dayTitle(dateOfTs(message.latest_reply))} ${clock(dateOfTs(message.latest_reply))}`));
}

function toolbar(message, surface) {
  const entries = menuOf(message, surface);
  const canReact = !message.is_ephemeral && world.channels.get(surface.channel)?.is_member;
  const canReply = !surface.isThread && !message.is_ephemeral;
  if (!canReply && !canReact && !entries.length) return null;
  const more = h("button", { type: "button", "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": "More actions for this message", title: "More" }, "⋯");
  more.addEventListener("click", () => openMenu(more, entries, "Message"));
  return h("div", { class: "toolbar" }, canReact ? reactButton(message, surface) : null,
    canReply ? h("button", { type: "button", "aria-label": "Reply in thread", title: "Reply in thread",
      on: { click: () => surface.openThread(message.thread_ts ?? message.ts) } }, "💬") : null,
    entries.length ? more : null);
}

function menuOf(message, surface) {
  const user = me().id;
  const where = { user, channel: surface.channel, ts: message.ts };
  const run = async (name, args) => {
    const result = await act(name, args);
    if (!result.ok) toast(sentence(result, world.snapshot.app.name));
  };
  const shortcuts = world.snapshot.shortcuts.filter((one) => one.type === "message").map((one) => ({
    label: one.name, hint: world.snapshot.app.name, run: () => run("message_shortcut", { ...where, callback_id: one.callback_id }),
  }));
  if (message.is_ephemeral || (message.user !== user && !me().is_admin)) return message.is_ephemeral ? [] : shortcuts;
  const edit = { label: "Edit message", run: async () => {
    const text = await editMessage(message.text);
    if (text !== null) await run("edit", { ...where, text });
  } };
  const remove = { label: "Delete message", danger: true, run: async () => {
    const isSure = await askToConfirm({ title: { text: "Delete this message?" }, text: { text: "It will be gone for everybody." }, confirm: { text: "Delete" }, style: "danger" });
    if (isSure) await run("delete", where);
  } };
  return [...shortcuts, ...(message.user === user ? [edit] : []), remove];
}
