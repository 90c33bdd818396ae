// rich_text blocks, and the markdown block.

import { slackDate } from "./dates.js";
import { h } from "./dom.js";
import { channelMention, emoji, link, mention } from "./mrkdwn.js";

const STYLE_TAGS = { bold: "strong", italic: "em", strike: "s", code: "code", underline: "u" };

function element(part) {
  const leaf = leafOf(part);
  return Object.entries(STYLE_TAGS).reduce((node, [name, tag]) => (part.style?.[name] ? h(tag, {}, node) : node), leaf);
}

function leafOf(part) {
  if (part.type === "link") return link(part.url, part.text || part.url);
  if (part.type === "user") return mention(part.user_id);
  if (part.type === "channel") return channelMention(part.channel_id, "");
  if (part.type === "emoji") return emoji(part.name);
  if (part.type === "broadcast") return h("span", { class: "mention mine" }, `@${part.range}`);
  if (part.type === "date") return slackDate(part.timestamp, part.format ?? "{date}", part.fallback ?? "");
  if (part.type === "color") return h("code", {}, part.value);
  return String(part.text ?? "").split("\n").flatMap((line, index) => (index ? [h("br"), line] : [line]));
}

const inside = (part) => (part.elements ?? []).map(element);

function paragraph(part) {
  if (part.type === "rich_text_preformatted") return h("pre", {}, inside(part));
  if (part.type === "rich_text_quote") return h("blockquote", {}, inside(part));
  if (part.type === "rich_text_list") {
    const tag = part.style === "ordered" ? "ol" : "ul";
    const style = { "margin-left": `${(part.indent ?? 0) * 1.5}em` };
    return h(tag, { style, start: part.offset ? part.offset + 1 : null }, part.elements.map((one) => h("li", {}, inside(one))));
  }
  return h("div", {}, inside(part));
}

export function richText(block) {
  return h("div", { class: "rich" }, (block.elements ?? []).map(paragraph));
}

/** The words of a rich_text, for sorting and filtering. */
export function wordsOf(block) {
  return (block.elements ?? []).map((part) => (part.elements ? wordsOf(part) : String(part.text ?? ""))).join("");
}

const INLINE = [
  [/`([^`]+)`/, (m) => h("code", {}, m[1])],
  [/\*\*(.+?)\*\*/, (m) => h("strong", {}, marked(m[1]))],
  [/~~(.+?)~~/, (m) => h("s", {}, marked(m[1]))],
  [/!?\[([^\]]*)\]\(([^)\s]+)\)/, (m) => link(m[2], m[1] || m[2])],
  [/(?<![\w*])\*(?=\S)(.+?)\*(?![\w*])/, (m) => h("em", {}, marked(m[1]))],
  [/(?<!\w)_(?=\S)(.+?)_(?!\w)/, (m) => h("em", {}, marked(m[1]))],
  [/:([a-z0-9_+-]+):/, (m) => emoji(m[1])],
];

function marked(text) {
  const found = INLINE.map(([rule, make]) => [rule.exec(text), make]).filter(([match]) => match);
  const first = found.sort((a, b) => a[0].index - b[0].index)[0];
  if (!first) return [text];
  const [match, make] = first;
  return [text.slice(0, match.index), make(match), ...marked(text.slice(match.index + match[0].length))];
}

const LINES = [
  [/^(#{1,6})\s+(.*)$/, (m) => h(`h${Math.min(m[1].length + 2, 6)}`, {}, marked(m[2]))],
  [/^\s*([-*_])(?:\s*\1){2,}\s*$/, () => h("hr")],
  [/^>\s?(.*)$/, (m) => h("blockquote", {}, marked(m[1]))],
];

/** A markdown block: headings, lists, quotes, code, rules and paragraphs. */
export function markdown(text) {
  const box = h("div", { class: "rich markdown" });
  let list = null;
  text.split(/^```.*$/m).forEach((piece, index) => {
    if (index % 2) { box.append(h("pre", {}, piece.replace(/^\n|\n$/g, ""))); return; }
    for (const line of piece.split("\n")) list = markdownLine(box, list, line);
  });
  return box;
}

function markdownLine(box, list, line) {
  const item = /^\s*(?:([-*+])|\d+[.)])\s+(.*)$/.exec(line);
  if (item) {
    const tag = item[1] ? "UL" : "OL";
    const into = list?.tagName === tag ? list : box.appendChild(h(tag));
    into.append(h("li", {}, marked(item[2])));
    return into;
  }
  if (!line.trim()) return null;
  const rule = LINES.find(([pattern]) => pattern.test(line));
  box.append(rule ? rule[1](rule[0].exec(line)) : h("p", {}, marked(line)));
  return null;
}
