// Editing an own message.

import { h } from "./dom.js";
import { handleOf, world } from "./world.js";

// What was stored, as one would type it: references by their names, entities as characters.
function asTyped(text) {
  return text
    .replace(/<@(\w+)(?:\|[^>]*)?>/g, (whole, id) => (world.people.has(id) ? `@${world.people.get(id).name}` : handleOf(id)))
    .replace(/<#(\w+)(?:\|([^>]*))?>/g, (whole, id, name) => `#${world.channels.get(id)?.name ?? name}`)
    .replace(/<(https?:[^|>]+)(?:\|[^>]*)?>/g, "$1")
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** Ask for a message's new text; null when it is left as it is. */
export function editMessage(text) {
  return new Promise((resolve) => {
    const area = h("textarea", { rows: 4, "aria-label": "Message", value: asTyped(text) });
    const cancel = h("button", { type: "button", class: "button" }, "Cancel");
    const form = h("form", { class: "dialog-form" }, h("h2", { id: "edit-title" }, "Edit message"), h("div", { class: "dialog-body" }, area),
      h("div", { class: "dialog-foot" }, cancel, h("button", { type: "submit", class: "button primary" }, "Save")));
    const dialog = h("dialog", { class: "dialog small", "aria-labelledby": "edit-title" }, form);
    const end = (answer) => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    cancel.addEventListener("click", () => end(null));
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); end(null); });
    form.addEventListener("submit", (event) => { event.preventDefault(); end(area.value.trim() || null); });
    document.body.append(dialog);
    dialog.showModal();
    area.focus();
  });
}
