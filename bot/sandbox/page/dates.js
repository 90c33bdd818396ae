// Dates in the viewer's zone: `<!date^…>` as Slack documents it, and the times beside messages.

import { now, zone } from "./world.js";

// Whoever reads 24 hours elsewhere on this machine reads them here.
const HOUR12 = new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions().hour12;

function part(date, options) {
  return new Intl.DateTimeFormat("en-US", { timeZone: zone(), ...options }).format(date);
}

/** 2026-07-21, in the viewer's zone. */
export function dayKey(date) {
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone(), year: "numeric", month: "2-digit", day: "2-digit" }).format(date);
}

export function clock(date, seconds = false) {
  const hour = HOUR12 ? "numeric" : "2-digit";
  return part(date, { hour, minute: "2-digit", second: seconds ? "2-digit" : undefined, hourCycle: HOUR12 ? "h12" : "h23" });
}

function ordinal(day) {
  const tens = day % 100;
  if (tens > 10 && tens < 14) return `${day}th`;
  return `${day}${["th", "st", "nd", "rd"][day % 10] ?? "th"}`;
}

function written(date, { month, weekday, ordinals }) {
  const day = Number(part(date, { day: "numeric" }));
  const lead = weekday ? `${part(date, { weekday: "long" })}, ` : "";
  return `${lead}${part(date, { month })} ${ordinals ? ordinal(day) : day}, ${part(date, { year: "numeric" })}`;
}

const FORMS = {
  date: { month: "long", ordinals: true },
  date_short: { month: "short" },
  date_long: { month: "long", weekday: true, ordinals: true },
};

function nearby(date) {
  const days = [[-1, "yesterday"], [0, "today"], [1, "tomorrow"]];
  const found = days.find(([shift]) => dayKey(new Date(now().getTime() + shift * 86400000)) === dayKey(date));
  return found?.[1];
}

function ago(date) {
  const seconds = (date.getTime() - now().getTime()) / 1000;
  const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

function field(name, date) {
  const plain = name.replace(/_pretty$/, "");
  if (name === "date_num") return dayKey(date);
  if (name === "date_slash") return part(date, { year: "numeric", month: "2-digit", day: "2-digit" });
  if (name === "time") return clock(date);
  if (name === "time_secs") return clock(date, true);
  if (name === "ago") return ago(date);
  if (name === "day_divider_pretty") return dayTitle(date);
  if (!(plain in FORMS)) return null;
  return (name !== plain && nearby(date)) || written(date, FORMS[plain]);
}

/** The text of a `<!date^seconds^pattern|fallback>`; the fallback where seconds or pattern are not understood. */
export function slackDate(seconds, pattern, fallback) {
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return fallback;
  let unknown = false;
  const text = pattern.replace(/\{(\w+)\}/g, (_, name) => field(name, date) ?? ((unknown = true), ""));
  return unknown ? fallback : text;
}

/** The date above a day's messages. */
export function dayTitle(date) {
  const near = nearby(date);
  if (near && near !== "tomorrow") return near[0].toUpperCase() + near.slice(1);
  const year = part(date, { year: "numeric" }) === part(now(), { year: "numeric" }) ? undefined : "numeric";
  return part(date, { weekday: "long", month: "long", day: "numeric", year });
}

/** All of it, for whoever hovers over a time. */
export function fullMoment(date) {
  return `${written(date, FORMS.date_long)} ${clock(date, true)} (${zone()})`;
}

export function dateOfTs(ts) {
  return new Date(Number(ts) * 1000);
}
