// Slack's mrkdwn: bold, italic, strike, code, quotes, links, mentions, channels, dates, emoji.

import { slackDate } from "./dates.js";
import { h } from "./dom.js";
import { emojiOf } from "./emoji.js";
import { handleOf, me, world } from "./world.js";

const OPEN = "\uE000";
const SHUT = "\uE001";
const REFERENCE = /<([^<>\n]+)>|`([^`\n]+)`/g;
const ENTITY = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };

export function decoded(text) {
  return text.replace(/&(amp|lt|gt);/g, (entity) => ENTITY[entity]);
}

/** A link, if its address is one that is safe to follow; else its words alone. */
export function link(href, words) {
  if (!/^(https?:|mailto:)/i.test(href)) return h("span", {}, words);
  return h("a", { href, target: "_blank", rel: "noopener noreferrer" }, words);
}

export function mention(id) {
  const isMine = id === me()?.id;
  return h("span", { class: isMine ? "mention mine" : "mention" }, handleOf(id));
}

export function channelMention(id, words) {
  const channel = world.channels.get(id);
  const name = channel?.name || words;
  if (!channel) return h("span", { class: "mention" }, name ? `#${name}` : "#a private channel");
  return h("a", { class: "mention", href: `#at=${channel.id}`, "data-place": channel.id }, `#${name}`);
}

export function emoji(name) {
  const character = emojiOf(name);
  if (!character) return `:${name}:`;
  return h("span", { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " "), title: `:${name}:` }, character);
}

function reference(inside) {
  const [target, ...rest] = inside.split("|");
  const words = rest.length ? decoded(rest.join("|")) : "";
  if (target.startsWith("@")) return mention(target.slice(1));
  if (target.startsWith("#")) return channelMention(target.slice(1), words);
  if (target.startsWith("!date^")) return moment(target, words);
  if (target.startsWith("!")) {
    const name = target.slice(1).split("^")[0];
    return h("span", { class: "mention mine" }, words || `@${name}`);
  }
  return link(decoded(target), words || decoded(target).replace(/^mailto:/, ""));
}

function moment(target, fallback) {
  const [, seconds, pattern = "", href] = target.split("^");
  const text = slackDate(seconds, pattern, fallback);
  const at = new Date(Number(seconds) * 1000);
  const time = h("time", { datetime: Number.isNaN(at.getTime()) ? null : at.toISOString(), title: fallback }, text);
  return href ? link(decoded(href), time) : time;
}

const STYLES = [
  ["strong", /(?<![\p{L}\p{N}*])\*(?=[^\s*])([^\n]*?[^\s*])\*(?![\p{L}\p{N}*])/u],
  ["em", /(?<![\p{L}\p{N}_])_(?=[^\s_])([^\n]*?[^\s_])_(?![\p{L}\p{N}_])/u],
  ["s", /(?<![\p{L}\p{N}~])~(?=[^\s~])([^\n]*?[^\s~])~(?![\p{L}\p{N}~])/u],
];
const EMOJI = /:([a-z0-9_+-]+(?:::skin-tone-\d)?):/;
const ADDRESS = /https?:\/\/[^\s<>|]*[^\s<>|.,;:!?)'"]/;

// References and code are taken out first: what looks like formatting inside of them is none.
function inline(text, links) {
  const taken = [];
  const bare = text.replace(REFERENCE, (_, inside, code) => {
    taken.push(inside !== undefined ? () => reference(inside) : () => h("code", {}, decoded(code)));
    return `${OPEN}${taken.length - 1}${SHUT}`;
  });
  return styled(bare, taken, links);
}

function styled(text, taken, links) {
  const found = [...STYLES.map(([tag, rule]) => [tag, rule.exec(text)]), ["emoji", EMOJI.exec(text)]];
  if (links) found.push(["link", ADDRESS.exec(text)]);
  const first = found.filter(([, match]) => match).sort((a, b) => a[1].index - b[1].index)[0];
  if (!first) return restored(text, taken);
  const [kind, match] = first;
  const after = styled(text.slice(match.index + match[0].length), taken, links);
  return [...restored(text.slice(0, match.index), taken), made(kind, match, taken, links), ...after];
}

function made(kind, match, taken, links) {
  if (kind === "emoji") return emoji(match[1]);
  if (kind === "link") return link(decoded(match[0]), decoded(match[0]));
  return h(kind, {}, styled(match[1], taken, links));
}

function restored(text, taken) {
  return text.split(new RegExp(`${OPEN}(\\d+)${SHUT}`)).flatMap((piece, index) => {
    if (index % 2) return [taken[Number(piece)]?.() ?? ""];
    return piece ? [decoded(piece)] : [];
  });
}

function lines(text, links) {
  const nodes = [];
  let quoted = [];
  const flush = () => {
    if (quoted.length) nodes.push(h("blockquote", {}, broken(quoted, links)));
    quoted = [];
  };
  const plain = [];
  const flushPlain = () => {
    if (plain.length) nodes.push(...broken(plain.splice(0), links));
  };
  for (const line of text.split("\n")) {
    const quote = /^(?:>|&gt;)\s?(.*)$/.exec(line);
    const item = /^\s*([•◦▪–-]|\d+\.)\s+(.*)$/.exec(line);
    if (quote) { flushPlain(); quoted.push(quote[1]); continue; }
    flush();
    if (item) { flushPlain(); nodes.push(h("div", { class: "item" }, h("span", {}, item[1]), h("div", {}, inline(item[2], links)))); }
    else plain.push(line);
  }
  flush();
  flushPlain();
  return nodes;
}

function broken(parts, links) {
  return parts.flatMap((part, index) => (index ? [h("br"), ...inline(part, links)] : inline(part, links)));
}

/** The nodes of a mrkdwn text. `verbatim` makes no links of plain addresses. */
export function mrkdwn(text, { verbatim = false } = {}) {
  const clean = String(text ?? "").replaceAll(OPEN, "").replaceAll(SHUT, "");
  return clean.split("```").flatMap((piece, index, all) => {
    const isFence = index % 2 && index < all.length - 1;
    if (isFence) return [h("pre", {}, decoded(piece.replace(/^\n|\n$/g, "")))];
    const trimmed = index ? piece.replace(/^\n/, "") : piece;
    return trimmed ? lines(trimmed, !verbatim) : [];
  });
}

/** A text object of Block Kit. */
export function textOf(object) {
  if (!object) return [];
  if (object.type === "mrkdwn") return mrkdwn(object.text, object);
  const text = String(object.text ?? "");
  const parts = object.emoji === false ? [text] : text.split(/(:[a-z0-9_+-]+:)/);
  return parts.flatMap((part, index) => (index % 2 ? [emoji(part.slice(1, -1))] : withBreaks(part)));
}

function withBreaks(text) {
  return text.split("\n").flatMap((line, index) => (index ? [h("br"), line] : [line]));
}
