// The guide: a story beside the chat, with steps to try and a clock to move. Without one nothing of it shows.

import { act } from "./api.js";
import { h, replace } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";
import { whenReleased } from "./pressing.js";
import { world } from "./world.js";

const KEPT = "guide-is-open";
const TICK_MS = 10000;
const $ = (id) => document.getElementById(id);

// Where there is no room beside the chat the guide is a bar below it, and a sheet when it is opened.
export const isSheet = matchMedia("(max-width: 1100px)");

export class GuidePanel {
  /** `look({viewer, at, thread})` goes where an act leads; `opened()` hears whether it covers the page. */
  constructor(look, opened) {
    this.look = look;
    this.opened = opened;
    this.node = $("guide");
    this.isOpen = (sessionStorage.getItem(KEPT) ?? String(!isSheet.matches)) === "true";
    this.doing = "";
    this.wrong = "";
    this.sig = "";
    this.toggle = h("button", { type: "button", class: "guide-toggle", "aria-controls": "guide-body", on: { click: () => this.open(!this.isOpen) } });
    this.said = h("p", { class: "guide-said", role: "status" });
    this.body = h("div", { class: "guide-body", id: "guide-body" });
    this.foot = h("div", { class: "guide-foot" });
    this.node.append(this.toggle, this.said, this.body, this.foot);
    setInterval(() => this.tick(), TICK_MS);
    isSheet.addEventListener("change", () => { this.open(!isSheet.matches, false); });
  }

  get isSheet() {
    return isSheet.matches && this.isOpen && !this.node.hidden;
  }

  draw() {
    const story = world.snapshot.guide;
    this.node.hidden = !story;
    document.body.classList.toggle("guided", Boolean(story));
    if (!story) return;
    this.behind = (story.clock?.at ?? 0) - Date.now() / 1000;
    const shown = { ...story, clock: story.clock && { ...story.clock, at: 0 } };
    const sig = JSON.stringify([shown, this.doing, this.wrong, this.isOpen, isSheet.matches]);
    if (sig !== this.sig) this.build(story);
    this.sig = sig;
    this.tick();
  }

  build(story) {
    const focused = this.node.contains(document.activeElement) ? document.activeElement.dataset.act : null;
    const done = story.steps.filter((step) => step.done).length;
    const count = story.steps.length ? `${done} of ${story.steps.length} done` : "";
    document.body.classList.toggle("guide-open", this.isOpen);
    this.isBusy = Boolean(this.doing) || Boolean(story.clock?.is_moving);
    this.node.setAttribute("aria-busy", String(this.isBusy));
    this.toggle.setAttribute("aria-expanded", String(this.isOpen));
    replace(this.toggle, h("strong", {}, this.isOpen ? story.title : "Guide"), " ", h("span", { class: "subtle" }, count),
      h("span", { class: "guide-mark", "aria-hidden": "true" }));
    const words = this.wrong || (this.isBusy ? this.busyWords(story) : story.said || (this.isOpen ? "" : story.title));
    this.said.classList.toggle("wrong", Boolean(this.wrong));
    if (this.said.dataset.words !== words) replace(this.said, mrkdwn(words));
    this.said.dataset.words = words;
    const place = this.body.scrollTop;
    const next = story.steps.find((step) => !step.done)?.id;
    replace(this.body, story.intro ? h("p", { class: "guide-intro" }, mrkdwn(story.intro)) : null,
      h("ol", { class: "steps" }, story.steps.map((step, index) => this.step(step, index, step.id === next))));
    replace(this.foot, this.clock(story.clock));
    this.body.scrollTop = place;
    if (next !== this.next) this.body.querySelector("li.next")?.scrollIntoView({ block: "nearest" });
    this.next = next;
    if (focused) this.node.querySelector(`[data-act="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  busyWords(story) {
    const isClock = !this.doing || story.clock?.moves.some((move) => move.id === this.doing);
    if (isClock) return "Moving the clock…";
    const label = story.steps.flatMap((step) => step.acts).find((one) => one.id === this.doing)?.label ?? "Working";
    return `${label}…`;
  }

  step(step, index, isNext) {
    const mark = h("span", { class: "step-mark", "aria-hidden": "true" }, step.done ? "✓" : String(index + 1));
    const title = h("h3", {}, step.title, step.done ? h("span", { class: "unseen" }, " (done)") : null);
    return h("li", { class: `step${step.done ? " done" : ""}${isNext ? " next" : ""}`, "aria-current": isNext ? "step" : null }, mark,
      h("div", { class: "step-what" }, title, h("div", { class: "step-text" }, mrkdwn(step.text)),
        h("div", { class: "actions" }, step.acts.map((one) => this.button(one, isNext && one.primary)))));
  }

  clock(clock) {
    if (!clock) return null;
    this.time = h("time", { class: "guide-time" });
    this.zone = clock.zone;
    const where = `${clock.zone.split("/").at(-1).replaceAll("_", " ")} time`;
    return h("section", { class: "guide-clock", "aria-label": clock.label }, h("h3", {}, clock.label, h("span", { class: "subtle" }, ` · ${where}`)), this.time,
      h("div", { class: "actions" }, clock.moves.map((move) => this.button(move, false))));
  }

  // The clock runs on between two looks at it.
  tick() {
    if (!this.time || this.node.hidden) return;
    const at = new Date((Date.now() / 1000 + this.behind) * 1000);
    const words = new Intl.DateTimeFormat("en-GB", { timeZone: this.zone, weekday: "short", day: "numeric", month: "short", year: "numeric",
      hour: "2-digit", minute: "2-digit" }).format(at);
    this.time.setAttribute("datetime", at.toISOString());
    this.time.textContent = words;
  }

  // A button that is really disabled would lose the focus, and its place for the keyboard with it.
  button(one, isPrimary) {
    const isDoing = this.doing === one.id;
    return h("button", { type: "button", class: `button${isPrimary ? " primary" : ""}`, "data-act": one.id,
      "aria-disabled": this.isBusy ? "true" : null, "aria-busy": isDoing ? "true" : null, on: { click: () => this.run(one.id) } }, one.label);
  }

  async run(id) {
    if (this.isBusy) return;
    this.doing = id;
    this.wrong = "";
    this.draw();
    const result = await act("guide", { act: id });
    this.doing = "";
    if (result.refused) this.wrong = result.error;
    whenReleased(() => {
      if (!result.refused && isSheet.matches) this.open(false, false);
      this.draw();
      if (!result.refused) this.look(result);
    });
  }

  open(isOpen, isByHand = true) {
    this.isOpen = isOpen;
    if (isByHand) sessionStorage.setItem(KEPT, String(isOpen));
    this.draw();
    this.opened(this.isSheet);
    if (isByHand && isOpen) this.body.querySelector("li.next button, button")?.focus({ preventScroll: true });
    if (isByHand && !isOpen) this.toggle.focus();
  }
}
