// Questions before something happens, and short notes that pass.

import { h } from "./dom.js";
import { textOf } from "./mrkdwn.js";

/** Open a question; resolves to true when it is confirmed. */
export function askToConfirm(confirm) {
  return new Promise((resolve) => {
    const no = h("button", { type: "button", class: "button" }, textOf(confirm.deny ?? { text: "Cancel" }));
    const yes = h("button", { type: "button", class: `button ${confirm.style ?? "primary"}` }, textOf(confirm.confirm ?? { text: "Yes" }));
    const dialog = h("dialog", { class: "dialog small", "aria-labelledby": "confirm-title", "aria-describedby": "confirm-text" },
      h("h2", { id: "confirm-title" }, textOf(confirm.title ?? { text: "Are you sure?" })),
      h("div", { id: "confirm-text", class: "dialog-body" }, textOf(confirm.text)),
      h("div", { class: "dialog-foot" }, no, yes));
    const end = (answer) => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    no.addEventListener("click", () => end(false));
    yes.addEventListener("click", () => end(true));
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); end(false); });
    document.body.append(dialog);
    dialog.showModal();
    yes.focus();
  });
}

const SHOWN_MS = 7000;

/** A note at the bottom, read out by screen readers; it goes by itself. */
export function toast(text) {
  const shelf = document.getElementById("toasts");
  const note = h("div", { class: "toast" }, h("span", {}, text),
    h("button", { type: "button", "aria-label": "Dismiss", on: { click: () => note.remove() } }, "×"));
  // A modal is above everything else on the page, so the note goes into it.
  (document.querySelector("dialog[open] .dialog-notes") ?? shelf).append(note);
  setTimeout(() => note.remove(), SHOWN_MS);
}
