// Native charts as SVG: line, bar and area with axes, pie with shares; a legend; and the same figures as a table.

import { h, newId, replace, svg } from "./dom.js";

const WIDE = { width: 560, height: 260, left: 56, right: 10, top: 12, bottom: 44 };
const NARROW = { width: 330, height: 230, left: 50, right: 6, top: 12, bottom: 44 };
const NARROW_BELOW = 430;
const X_LABEL = 18;
let BOX = WIDE;
const TICKS = 4;
const COLORS = 6;

const color = (index) => `var(--series-${(index % COLORS) + 1})`;
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const exact = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });

export function chart(block) {
  const isPie = block.chart.type === "pie";
  const title = newId("chart");
  const rows = isPie ? pieRows(block.chart) : axisRows(block.chart);
  const words = `${block.title}. ${spoken(block.chart)}`;
  const plane = h("div", {}, isPie ? named(pie(block.chart), words) : named(axes(block.chart, WIDE), words));
  if (!isPie) fitted(plane, (box) => named(axes(block.chart, box), words));
  return h("figure", { class: "chart" }, h("figcaption", { id: title }, block.title), legend(block.chart), plane,
    h("details", { class: "figures" }, h("summary", {}, "Figures"), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": title }, figures(rows))));
}

function named(picture, words) {
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", words);
  return picture;
}

// Letters keep their size: where there is little room the plane is a smaller one, instead of the letters on it.
function fitted(plane, draw) {
  let shown = WIDE;
  new ResizeObserver(([entry]) => {
    const { width } = entry.contentRect;
    const wanted = width && width < NARROW_BELOW ? NARROW : WIDE;
    if (wanted !== shown) replace(plane, draw(wanted));
    shown = wanted;
  }).observe(plane);
}

function spoken(drawn) {
  if (drawn.type === "pie") return drawn.segments.map((one) => `${one.label} ${exact.format(one.value)}`).join(", ");
  return `${drawn.type} chart. ${drawn.series.map((one) =>
    `${one.name}: ${one.data.map((point) => `${point.label} ${exact.format(point.value)}`).join(", ")}`).join(". ")}`;
}

function figures(rows) {
  const [head, ...body] = rows;
  return h("table", {}, h("thead", {}, h("tr", {}, head.map((one) => h("th", { scope: "col" }, one)))),
    h("tbody", {}, body.map(([name, ...values]) => h("tr", {}, h("th", { scope: "row" }, name),
      values.map((value) => h("td", { class: "number" }, value))))));
}

function axisRows(drawn) {
  const at = (one, name) => one.data.find((point) => point.label === name)?.value ?? 0;
  const names = drawn.axis_config.categories;
  return [[drawn.axis_config.x_label ?? "", ...drawn.series.map((one) => one.name)],
    ...names.map((name) => [name, ...drawn.series.map((one) => exact.format(at(one, name)))])];
}

function pieRows(drawn) {
  const total = drawn.segments.reduce((sum, one) => sum + one.value, 0);
  return [["", "Value", "Share"], ...drawn.segments.map((one) =>
    [one.label, exact.format(one.value), `${exact.format((one.value / total) * 100)} %`])];
}

function legend(drawn) {
  const total = drawn.segments?.reduce((sum, one) => sum + one.value, 0);
  const names = drawn.type === "pie" ? drawn.segments.map((one) => `${one.label} · ${Math.round((one.value / total) * 100)} %`)
    : drawn.series.map((one) => one.name);
  if (names.length < 2) return null;
  return h("ul", { class: "legend", "aria-hidden": "true" }, names.map((name, index) =>
    h("li", {}, h("span", { class: "swatch", style: { background: color(index) } }), name)));
}

/** Round bounds and steps that include zero. */
function scaleOf(values) {
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values) || 1;
  const rough = (high - low) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= rough);
  const from = Math.floor(low / step) * step;
  const to = Math.ceil(high / step) * step;
  const ticks = Array.from({ length: Math.round((to - from) / step) + 1 }, (_, index) => from + index * step);
  return { ticks, y: (value) => BOX.height - BOX.bottom - ((value - from) / (to - from)) * (BOX.height - BOX.top - BOX.bottom) };
}

function axes(drawn, box) {
  BOX = { ...box };
  if (!drawn.axis_config.x_label) {
    BOX.bottom -= X_LABEL;
    BOX.height -= X_LABEL;
  }
  const names = drawn.axis_config.categories;
  const scale = scaleOf(drawn.series.flatMap((one) => one.data.map((point) => point.value)));
  const band = (BOX.width - BOX.left - BOX.right) / names.length;
  const x = (index) => BOX.left + band * (index + 0.5);
  const picture = svg("svg", { viewBox: `0 0 ${BOX.width} ${BOX.height}`, class: "plot" });
  picture.append(...grid(scale), ...labels(drawn.axis_config, names, x, band));
  const values = drawn.series.map((one) => names.map((name) => one.data.find((point) => point.label === name)?.value ?? 0));
  const draw = { bar: bars, line: lines, area: areas }[drawn.type];
  picture.append(...draw(values, { x, band, y: scale.y, names, series: drawn.series }));
  return picture;
}

function grid(scale) {
  return scale.ticks.flatMap((tick) => [
    svg("line", { x1: BOX.left, x2: BOX.width - BOX.right, y1: scale.y(tick), y2: scale.y(tick), class: tick === 0 ? "zero" : "grid" }),
    svg("text", { x: BOX.left - 8, y: scale.y(tick) + 4, "text-anchor": "end" }, short.format(tick)),
  ]);
}

// Where names would run into each other only every second, third … is written; the table below has them all.
function labels(config, names, x, band) {
  const widest = Math.max(...names.map((name) => name.length)) * 6.6 + 10;
  const every = Math.max(1, Math.ceil(widest / band));
  const base = BOX.height - BOX.bottom + 18;
  const drawn = names.flatMap((name, index) => (index % every ? [] : [svg("text", { x: x(index), y: base, "text-anchor": "middle" }, name)]));
  if (config.x_label) drawn.push(svg("text", { x: (BOX.left + BOX.width) / 2, y: BOX.height - 6, "text-anchor": "middle", class: "axis" }, config.x_label));
  if (config.y_label) {
    const middle = (BOX.height - BOX.bottom) / 2;
    drawn.push(svg("text", { x: 12, y: middle, "text-anchor": "middle", class: "axis", transform: `rotate(-90 12 ${middle})` }, config.y_label));
  }
  return drawn;
}

const told = (context, at, index, value) => svg("title", {}, `${context.series[at].name}, ${context.names[index]}: ${exact.format(value)}`);

function bars(values, context) {
  const width = Math.min(34, (context.band * 0.72) / values.length);
  return values.flatMap((one, at) => one.map((value, index) => {
    const left = context.x(index) + (at - values.length / 2) * width;
    const [top, bottom] = [context.y(Math.max(0, value)), context.y(Math.min(0, value))];
    return svg("rect", { x: left + 1, y: top, width: Math.max(1, width - 2), height: Math.max(0, bottom - top), rx: 2,
      style: { fill: color(at) } }, told(context, at, index, value));
  }));
}

const path = (one, context) => one.map((value, index) => `${index ? "L" : "M"}${context.x(index)} ${context.y(value)}`).join("");

function lines(values, context) {
  return values.flatMap((one, at) => [
    svg("path", { d: path(one, context), class: "line", style: { stroke: color(at) } }),
    ...one.map((value, index) => svg("circle", { cx: context.x(index), cy: context.y(value), r: 3.5, style: { fill: color(at) } },
      told(context, at, index, value))),
  ]);
}

function areas(values, context) {
  return values.flatMap((one, at) => [
    svg("path", { class: "area", style: { fill: color(at) },
      d: `${path(one, context)}L${context.x(one.length - 1)} ${context.y(0)}L${context.x(0)} ${context.y(0)}Z` }),
    svg("path", { d: path(one, context), class: "line", style: { stroke: color(at) } }),
    ...one.map((value, index) => svg("circle", { cx: context.x(index), cy: context.y(value), r: 3, style: { fill: color(at) } },
      told(context, at, index, value))),
  ]);
}

function pie(drawn) {
  const total = drawn.segments.reduce((sum, one) => sum + one.value, 0);
  const picture = svg("svg", { viewBox: "0 0 240 240", class: "plot pie" });
  let from = -Math.PI / 2;
  drawn.segments.forEach((one, index) => {
    const to = from + (one.value / total) * Math.PI * 2;
    const title = svg("title", {}, `${one.label}: ${exact.format(one.value)} (${exact.format((one.value / total) * 100)} %)`);
    const style = { fill: color(index) };
    picture.append(drawn.segments.length === 1 ? svg("circle", { cx: 120, cy: 120, r: 108, style }, title)
      : svg("path", { d: wedge(from, to), style, class: "wedge" }, title));
    from = to;
  });
  return picture;
}

function wedge(from, to) {
  const at = (angle) => `${120 + 108 * Math.cos(angle)} ${120 + 108 * Math.sin(angle)}`;
  return `M120 120L${at(from)}A108 108 0 ${to - from > Math.PI ? 1 : 0} 1 ${at(to)}Z`;
}
