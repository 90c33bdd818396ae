// The sidebar: who one is, the channels, direct messages, the app.

import { h, openMenu, replace } from "./dom.js";
import { avatar } from "./messages.js";
import { me, personName, placeName, world } from "./world.js";

let drawn = "";

/** Draw it. `go` is {to(place), as(person), write(person), join(channel)}. */
export function drawSidebar(box, at, go) {
  const { snapshot } = world;
  const sig = JSON.stringify([snapshot.channels, snapshot.people, snapshot.viewer, at]);
  if (sig === drawn) return;
  drawn = sig;
  const focused = box.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
  const all = [...snapshot.channels].filter((one) => !one.is_archived);
  const named = all.filter((one) => one.name && one.kind !== "mpim").sort((a, b) => a.name.localeCompare(b.name));
  const direct = all.filter((one) => (one.kind === "im" && !one.is_app) || one.kind === "mpim");
  const app = all.find((one) => one.is_app);
  replace(box, top(go),
    group("Channels", named.filter((one) => one.is_member).map((one) => item(one, at, go))),
    group("Other channels", named.filter((one) => !one.is_member).map((one) => item(one, at, go))),
    group("Direct messages", direct.map((one) => item(one, at, go)), writeButton(go)),
    group("Apps", [appItem(app, at, go)]));
  if (focused) box.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
}

function top(go) {
  const people = world.snapshot.people.filter((one) => !one.is_bot && !one.is_gone);
  const mine = me();
  const option = (one) => h("option", { value: one.id, selected: one.id === mine?.id }, one.title ? `${one.real_name} · ${one.title}` : one.real_name);
  const choice = h("select", { id: "viewer", "data-focus": "viewer", on: { change: (event) => go.as(event.target.value) } }, people.map(option));
  return h("div", { class: "top" }, h("div", { class: "workspace" }, h("span", { class: "logo", "aria-hidden": "true" }, "◆"), "Local workspace"),
    h("label", { class: "viewer" }, h("span", {}, "You are"), choice));
}

function group(title, items, extra = null) {
  if (!items.length && !extra) return null;
  return h("section", { "aria-label": title }, h("div", { class: "group" }, h("h2", {}, title), extra), h("ul", {}, items.map((one) => h("li", {}, one))));
}

function item(channel, at, go) {
  const mark = { public: "#", private: "🔒", im: null, mpim: "👥" }[channel.kind];
  const lead = mark === null ? avatar(channel.others[0] ?? world.snapshot.viewer) : h("span", { class: "mark", "aria-hidden": "true" }, mark);
  return entry(channel, lead, placeName(channel), channel.id === at, () => go.to(channel.id));
}

function appItem(channel, at, go) {
  const { app } = world.snapshot;
  const isHere = at === "home" || (channel && channel.id === at);
  const target = channel?.unread || !app.has_home ? channel?.id ?? "home" : "home";
  return entry(channel ?? { id: "app", unread: 0, mentions: 0 }, avatar(app.user), app.name, isHere, () => go.to(target));
}

function entry(channel, lead, name, isHere, run) {
  const isNew = channel.unread > 0 && !isHere;
  const count = isNew && channel.mentions ? h("span", { class: "badge" }, String(channel.mentions)) : null;
  return h("button", { type: "button", class: `place${isNew ? " unread" : ""}`, "aria-current": isHere ? "page" : null,
    "data-place": channel.id, "data-focus": channel.id, on: { click: run } }, lead, h("span", { class: "label" }, name), count,
    isNew ? h("span", { class: "unseen" }, `, ${channel.unread} unread`) : null);
}

function writeButton(go) {
  const button = h("button", { type: "button", class: "add", "aria-label": "Write to somebody", title: "Write to somebody",
    "aria-haspopup": "menu", "aria-expanded": "false", "data-focus": "write" }, "+");
  const others = () => world.snapshot.people.filter((one) => !one.is_bot && !one.is_gone && one.id !== me()?.id);
  button.addEventListener("click", () => openMenu(button, others().map((one) => ({
    label: personName(one.id), hint: one.title, run: () => go.write(one.id),
  })), "Write to"));
  return button;
}
