// The page: who looks where, and what is drawn where.

import { Live, act, sentence } from "./api.js";
import { renderBlocks } from "./blocks.js";
import { Composer } from "./composer.js";
import { toast } from "./dialog.js";
import { h, keep, replace } from "./dom.js";
import { GuidePanel } from "./guide.js";
import { drawHead } from "./head.js";
import { drawMessages } from "./messages.js";
import { Modal } from "./modal.js";
import { whenReleased } from "./pressing.js";
import { stickToEnd, toEnd } from "./scroll.js";
import { drawSidebar } from "./sidebar.js";
import { now, personName, placeName, takeSnapshot, world } from "./world.js";

const LIMIT = 80;
const $ = (id) => document.getElementById(id);
const ui = { viewer: "", at: "", thread: "", limit: LIMIT };
const notes = [];
const drafts = new Map();
const narrow = matchMedia("(max-width: 800px)");
let shown = "";
let heard = "";
let fromEnd = null;

const modal = new Modal();
const composer = new Composer({ placeholder: "Message", send: (text) => send(text, null), shortcut });
const replyBox = new Composer({ placeholder: "Reply…", send: (text, isForAll) => send(text, ui.thread, isForAll), shortcut, inThread: true });
const threadReplies = h("div", { class: "list" });
const threadList = h("div", { class: "messages", tabindex: "0", "aria-label": "Thread messages", role: "region" }, threadReplies);
const joinBar = h("div", { class: "join" });
$("composer").append(composer.node, joinBar);
$("thread").append(
  h("header", {}, h("h2", {}, "Thread"), h("button", { type: "button", class: "cross", "aria-label": "Close the thread", on: { click: () => openThread("") } }, "×")),
  threadList, replyBox.node);

stickToEnd(threadList, threadReplies);
const guide = new GuidePanel((where) => go.look(where), (isSheet) => cover(isSheet));

const live = new Live(take, (isConnected) => { $("offline").hidden = isConnected; });
readAddress();
addEventListener("hashchange", () => { readAddress(); watch(); });
narrow.addEventListener("change", () => drawer(false));
$("shade").addEventListener("click", () => { drawer(false); if (guide.isSheet) guide.open(false); });
document.addEventListener("keydown", escape);
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); composer.focus(); });
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-place]");
  if (link) { event.preventDefault(); go.to(link.dataset.place); }
});
drawer(false);
boot();

async function boot() {
  // As in Slack, what only one person was shown is gone when they reload.
  if (ui.viewer && performance.getEntriesByType("navigation")[0]?.type === "reload") await act("reload", { user: ui.viewer });
  watch();
}

function readAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  ui.viewer = asked.get("as") ?? ui.viewer;
  ui.at = asked.get("at") ?? ui.at;
  ui.thread = asked.get("thread") ?? "";
}

function writeAddress() {
  const address = new URLSearchParams({ as: ui.viewer, at: ui.at, ...(ui.thread ? { thread: ui.thread } : {}) });
  if (location.hash.slice(1) !== address.toString()) history.pushState(null, "", `#${address}`);
  watch();
}
addEventListener("popstate", () => { readAddress(); watch(); });

function watch() {
  live.watch({ viewer: ui.viewer, at: ui.at, thread: ui.thread, limit: ui.limit });
}

function take(snapshot) {
  const { asked } = snapshot;
  // A late answer to where one looked before says nothing about now, least of all who one is.
  if (asked.viewer !== ui.viewer || asked.at !== ui.at || asked.thread !== ui.thread) return;
  takeSnapshot(snapshot);
  if (!snapshot.viewer) { replace($("messages"), h("p", { class: "empty" }, "Nobody is in this workspace yet.")); return; }
  const isUnknown = ui.at !== "home" && !world.channels.has(ui.at);
  if (snapshot.viewer !== ui.viewer || isUnknown) {
    ui.viewer = snapshot.viewer;
    if (isUnknown) ui.at = snapshot.channels.find((one) => one.is_member && one.name)?.id ?? "home";
    const address = new URLSearchParams({ as: ui.viewer, at: ui.at });
    history.replaceState(null, "", `#${address}`);
    watch();
    return;
  }
  whenReleased(draw);
}

const go = {
  to(place) {
    go.look({ at: place, thread: "" });
  },
  as(person) {
    keepDraft();
    Object.assign(ui, { viewer: person, thread: "", limit: LIMIT });
    writeAddress();
  },
  look({ viewer, at, thread }) {
    keepDraft();
    const isElsewhere = (viewer && viewer !== ui.viewer) || (at && at !== ui.at);
    Object.assign(ui, { viewer: viewer || ui.viewer, at: at || ui.at, thread: thread ?? (isElsewhere ? "" : ui.thread), limit: LIMIT });
    drawer(false);
    writeAddress();
    if (at === "home" && !isElsewhere) openHome(); // opened again: draw() hears only of what is new
  },
  async write(person) {
    const made = await act("dm_between", { user: ui.viewer, other: person });
    if (made.ok) go.to(made.value);
  },
};

function draw() {
  const channel = world.channels.get(ui.at);
  const isHome = ui.at === "home";
  drawSidebar($("sidebar"), ui.at, go);
  drawHead($("place-head"), { channel, isHome, go, openDrawer: () => drawer(true) });
  $("messages").hidden = isHome;
  $("home").hidden = !isHome;
  if (isHome && shown !== `${ui.viewer} ${ui.at}`) openHome();
  if (isHome) drawHome(); else drawPlace(channel);
  drawComposer(channel, isHome);
  drawThread();
  guide.draw();
  modal.draw(world.snapshot.views);
  shown = `${ui.viewer} ${ui.at}`;
  Object.assign($("main").dataset, { viewer: ui.viewer, at: ui.at }); // what is before one's eyes by now
  const unread = world.snapshot.channels.reduce((sum, one) => sum + (one.id === ui.at ? 0 : one.mentions), 0);
  document.title = `${unread ? `(${unread}) ` : ""}${isHome ? world.snapshot.app.name : placeName(channel)} · Local workspace`;
}

function openHome() {
  act("open_home", { user: ui.viewer }).then(report);
}

function drawHome() {
  const { home, app } = world.snapshot;
  const entries = home ? [{ key: home.id, sig: `${home.hash} ${world.peopleSig}`, make: () => homeNode(home) }]
    : [{ key: "none", sig: app.name, make: () => h("p", { class: "empty" }, `${app.name} has not filled your Home tab yet.`) }];
  keep($("home"), entries);
}

function homeNode(home) {
  const ctx = {
    initial: (block, element) => home.state.values[block.block_id]?.[element.action_id],
    suggest: (element, block, typed) => act("suggest", { user: ui.viewer, action_id: element.action_id, block_id: block.block_id, typed, home: true }),
    use: async (element, block, value) => {
      report(await act("click_home", { user: ui.viewer, action_id: element.action_id, block_id: block.block_id, value: value ?? null }));
    },
  };
  return h("div", { class: "home-blocks" }, renderBlocks(home.blocks, ctx));
}

const notesOf = (thread) => notes.filter((one) => one.viewer === ui.viewer && one.place === ui.at && one.thread === thread);

function drawPlace(channel) {
  const box = $("messages");
  const { place } = world.snapshot;
  const isNew = shown !== `${ui.viewer} ${ui.at}`;
  if (isNew) replace(box);
  let list = box.querySelector(":scope > .list");
  if (!list) {
    list = h("div", { class: "list" });
    replace(box, h("div", { class: "earlier" }), list);
    stickToEnd(box, list);
  }
  const earlier = h("button", { type: "button", class: "button", on: { click: () => {
    fromEnd = box.scrollHeight - box.scrollTop;
    ui.limit += LIMIT;
    watch();
  } } }, "Earlier messages");
  const first = channel.kind === "im" ? `Your messages with ${placeName(channel)} begin here.` : `#${placeName(channel)} begins here.`;
  replace(box.firstChild, place?.has_earlier ? earlier : h("p", { class: "begin" }, first));
  drawMessages(list, place?.messages ?? [], { channel: channel.id, openThread }, notesOf(""));
  if (isNew) toEnd(box);
  else if (fromEnd !== null) box.scrollTop = box.scrollHeight - fromEnd; // what was read before the earlier ones came
  fromEnd = null;
  announce(place?.messages ?? [], isNew);
}

function announce(messages, isNew) {
  const last = messages.at(-1);
  const key = last ? `${ui.at} ${last.ts}` : "";
  if (!isNew && key !== heard && last && last.user !== ui.viewer) {
    $("live").textContent = `${personName(last.user)}${last.is_ephemeral ? ", only to you" : ""}: ${last.text.replace(/[*_~`]|<[^>|]*\|?|>/g, "")}`;
  }
  heard = key;
}

function drawComposer(channel, isHome) {
  const { app } = world.snapshot;
  const isClosed = channel?.is_app && !app.takes_messages;
  const place = `${ui.viewer} ${ui.at}`;
  // What was typed until now, also while the new place was on its way, belongs to the place that was before one's eyes.
  if (shown !== place) drafts.set(shown, composer.text);
  composer.node.hidden = isHome || !channel?.is_member || channel.is_archived || isClosed;
  joinBar.hidden = isHome || !composer.node.hidden;
  if (!joinBar.hidden) drawJoin(channel, isClosed);
  if (composer.node.hidden || shown === place) return;
  composer.rename(channel.name ? `Message #${channel.name}` : `Message ${placeName(channel)}`);
  composer.text = drafts.get(place) ?? "";
  if (!narrow.matches && !isElsewhere()) composer.focus();
}

// Whoever moves about by keyboard in the sidebar or the guide stays there.
function isElsewhere() {
  return $("sidebar").contains(document.activeElement) || $("guide").contains(document.activeElement);
}

function drawJoin(channel, isClosed) {
  if (isClosed) { replace(joinBar, `${world.snapshot.app.name} takes no messages here.`); return; }
  replace(joinBar, `You are not in #${channel.name}. `, h("button", { type: "button", class: "button primary",
    on: { click: async () => report(await act("join", { user: ui.viewer, channel: channel.id })) } }, "Join"));
}

function drawThread() {
  const pane = $("thread");
  const { thread } = world.snapshot;
  const wasHidden = pane.hidden || pane.dataset.ts !== ui.thread;
  pane.hidden = !ui.thread;
  pane.dataset.ts = ui.thread;
  document.body.classList.toggle("in-thread", Boolean(ui.thread));
  if (!ui.thread) return;
  if (thread) drawMessages(threadReplies, thread.messages, { channel: ui.at, isThread: true }, notesOf(ui.thread));
  else replace(threadReplies, h("p", { class: "empty" }, "This thread is not there any more."));
  replyBox.node.hidden = !thread || !world.channels.get(ui.at)?.is_member;
  replyBox.tooWords.textContent = world.channels.get(ui.at)?.name ? `Also send to #${world.channels.get(ui.at).name}` : "Also send as a direct message";
  if (wasHidden) replyBox.text = drafts.get(`${ui.viewer} ${ui.at} ${ui.thread}`) ?? "";
  if (wasHidden && !narrow.matches && !isElsewhere()) replyBox.focus();
  if (wasHidden) toEnd(threadList);
}

function openThread(ts) {
  keepDraft();
  const closed = ui.thread;
  ui.thread = ts;
  writeAddress();
  const parent = $("messages").querySelector(`[data-ts="${CSS.escape(closed)}"]`);
  if (!ts) (parent?.querySelector(".replies") ?? parent?.querySelector(".toolbar button"))?.focus();
}

function keepDraft() {
  if (ui.thread) drafts.set(`${ui.viewer} ${ui.at} ${ui.thread}`, replyBox.text);
}

async function send(text, thread, isForAll = false) {
  const { viewer, at: place } = $("main").dataset; // to the place whose name stands on the box, whatever is on its way
  const where = { user: viewer, channel: place, text, thread_ts: thread || null };
  toEnd(thread ? threadList : $("messages"));
  const isCommand = /^\/\S/.test(text);
  const result = await (isCommand ? act("command", where) : act("say", { ...where, broadcast: isForAll }));
  for (const said of result.said ?? []) {
    notes.push({ viewer, place, thread: thread ?? "", ts: (now().getTime() / 1000).toFixed(6), user: "USLACKBOT", text: said, is_ephemeral: true, is_note: true });
  }
  if (result.said?.length) draw();
  // A message stands whatever the app thinks of it; only what could not be done at all goes back into the box.
  if (result.refused) toast(result.error);
  else if (!result.ok && !isCommand) toast(sentence(result, world.snapshot.app.name));
  return !result.refused;
}

async function shortcut(callbackId) {
  report(await act("shortcut", { user: ui.viewer, callback_id: callbackId }));
}

function report(result) {
  if (!result.ok) toast(sentence(result, world.snapshot.app.name));
}

function drawer(isOpen) {
  document.body.classList.toggle("drawer", isOpen);
  $("shade").hidden = !isOpen;
  // What is off the screen is out of the way of the keyboard too.
  $("sidebar").inert = narrow.matches && !isOpen;
  $("place-head").querySelector(".burger")?.setAttribute("aria-expanded", String(isOpen));
  if (isOpen) $("sidebar").querySelector("[aria-current],button,select")?.focus();
}

// What lies below a sheet is out of reach until it is closed.
function cover(isCovered) {
  $("shade").hidden = !isCovered && !document.body.classList.contains("drawer");
  for (const id of ["main", "thread"]) $(id).inert = isCovered;
}

function escape(event) {
  if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (guide.isSheet) guide.open(false);
  else if (document.body.classList.contains("drawer")) { drawer(false); $("place-head").querySelector(".burger")?.focus(); }
  else if (ui.thread) openThread("");
}

