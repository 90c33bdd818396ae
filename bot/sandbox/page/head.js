// The head of a place: its name, how many are in it, and the tabs of the app.

import { act } from "./api.js";
import { h, replace } from "./dom.js";
import { placeName, world } from "./world.js";

/** Draw it. `where` is {channel, isHome, go, openDrawer}. */
export function drawHead(box, { channel, isHome, go, openDrawer }) {
  const { app, viewer } = world.snapshot;
  const isApp = isHome || channel?.is_app;
  const isOpen = document.body.classList.contains("drawer");
  const mark = isApp || !channel?.name ? "" : channel.kind === "private" ? "🔒 " : "# ";
  const name = `${mark}${isApp ? app.name : placeName(channel)}`;
  const sig = JSON.stringify([isApp, isHome, name, channel?.members, channel?.id, isOpen, viewer]);
  if (box.dataset.sig === sig) return;
  box.dataset.sig = sig;
  const menu = h("button", { type: "button", class: "burger", "aria-label": "Channels and people", "aria-controls": "sidebar",
    "aria-expanded": String(isOpen), on: { click: openDrawer } }, "☰");
  const members = channel?.name ? h("span", { class: "subtle" }, channel.members === 1 ? "1 member" : `${channel.members} members`) : null;
  const hadFocus = box.contains(document.activeElement) ? document.activeElement.textContent : null;
  replace(box, menu, h("h1", { title: name }, name), members, isApp ? tabs(isHome, go) : null);
  if (hadFocus) [...box.querySelectorAll("button")].find((one) => one.textContent === hadFocus)?.focus();
}

function tabs(isHome, go) {
  const { app, viewer } = world.snapshot;
  const tab = (name, isHere, run) => h("button", { type: "button", role: "tab", "aria-selected": String(isHere), on: { click: run } }, name);
  const messages = async () => {
    const known = world.snapshot.channels.find((one) => one.is_app)?.id;
    go.to(known ?? (await act("dm", { user: viewer })).value);
  };
  return h("div", { class: "tabs", role: "tablist", "aria-label": app.name },
    app.has_home ? tab("Home", isHome, () => go.to("home")) : null, app.has_messages ? tab("Messages", !isHome, messages) : null);
}
