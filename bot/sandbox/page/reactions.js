// Reactions: those under a message, and the picker that adds one.

import { act, sentence } from "./api.js";
import { toast } from "./dialog.js";
import { beside, h, replace } from "./dom.js";
import { findEmoji } from "./emoji.js";
import { emoji } from "./mrkdwn.js";
import { me, personName, world } from "./world.js";

const SHOWN = 64;

async function toggle(message, surface, name, has) {
  const result = await act(has ? "unreact" : "react", { user: me().id, channel: surface.channel, ts: message.ts, name });
  if (!result.ok) toast(sentence(result, world.snapshot.app.name));
}

/** What people have put under a message: a click adds one's own, or takes it back. */
export function reactions(message, surface) {
  if (!message.reactions?.length) return null;
  const mine = me().id;
  const canReact = world.channels.get(surface.channel)?.is_member;
  return h("div", { class: "reactions" }, message.reactions.map((one) => {
    const has = one.users.includes(mine);
    const label = `${one.name.replaceAll("_", " ")}: ${one.users.map(personName).join(", ")}`;
    return h("button", { type: "button", class: has ? "reaction mine" : "reaction", "aria-label": label, title: label, "aria-pressed": String(has),
      disabled: !canReact, "data-focus": `reaction-${one.name}`, on: { click: () => toggle(message, surface, one.name, has) } },
    emoji(one.name), ` ${one.count}`);
  }), canReact ? reactButton(message, surface, "reaction add-reaction") : null);
}

/** A button that opens the picker. */
export function reactButton(message, surface, style = "") {
  const button = h("button", { type: "button", class: style, "aria-label": "Add a reaction", title: "Add a reaction", "aria-haspopup": "dialog",
    "aria-expanded": "false" }, "☺");
  button.addEventListener("click", () => openPicker(button, (name) => {
    const has = message.reactions?.find((one) => one.name === name)?.users.includes(me().id);
    toggle(message, surface, name, Boolean(has));
  }));
  return button;
}

function openPicker(anchor, choose) {
  const grid = h("div", { class: "picker-grid" });
  const search = h("input", { type: "search", "aria-label": "Find an emoji by its name", placeholder: "Find by name", autocomplete: "off" });
  const box = h("div", { class: "menu picker", role: "dialog", "aria-label": "Add a reaction" }, search, grid);
  let shut = null;
  const take = (name) => { shut(); choose(name); };
  const fill = () => {
    const found = findEmoji(search.value.trim().toLowerCase()).slice(0, SHOWN);
    replace(grid, found.map(([name, character]) => h("button", { type: "button", class: "emoji", "aria-label": name.replaceAll("_", " "),
      title: `:${name}:`, on: { click: () => take(name) } }, character)), found.length ? null : h("p", { class: "subtle" }, "No emoji of that name."));
    return found;
  };
  search.addEventListener("input", fill);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const [first] = fill();
    if (first) take(first[0]);
  });
  fill();
  shut = beside(box, anchor); // once it is as large as it will be
  search.focus();
}
