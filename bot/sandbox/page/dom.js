// Building the page. Data only ever becomes text nodes and attributes, never markup: nothing here parses HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element: `on` holds listeners, `style` an object; null, false and undefined attributes are left out. */
export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** The same for SVG. */
export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (name === "style") for (const [key, to] of Object.entries(value)) node.style.setProperty(key, to);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  add(node, children);
  return node;
}

/** Append nodes and texts, however nested. */
export function add(node, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

export function replace(node, ...children) {
  node.replaceChildren();
  return add(node, children);
}

const signatures = new WeakMap();

/**
 * Make the children of `parent` what `entries` say, each {key, sig, make}. A child whose signature is unchanged stays
 * the same node, so focus, scrolling and what is half typed survive a change elsewhere; `make` gets the former one.
 */
export function keep(parent, entries) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const wanted = entries.map((entry) => {
    const child = known.get(entry.key);
    if (child && signatures.get(child) === entry.sig) return child;
    const active = child?.contains(document.activeElement) ? document.activeElement : null;
    const made = entry.make(child);
    made.dataset.key = entry.key;
    signatures.set(made, entry.sig);
    if (active) refocus(made, active);
    return made;
  });
  let cursor = parent.firstChild;
  for (const node of wanted) {
    if (node === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(node, cursor);
  }
  while (cursor) {
    const next = cursor.nextSibling;
    cursor.remove();
    cursor = next;
  }
}

// Whoever was at a button is at the same one again; if it is gone, at its message instead of at the top of the page.
function refocus(made, active) {
  const nameOf = (node) => node.dataset.focus ?? node.getAttribute("aria-label") ?? node.textContent;
  queueMicrotask(() => {
    const same = active.isConnected ? active : [...made.querySelectorAll(active.tagName)].find((node) => nameOf(node) === nameOf(active));
    if (!same && !made.hasAttribute("tabindex")) made.setAttribute("tabindex", "-1");
    (same ?? made).focus({ preventScroll: true });
  });
}

let serial = 0;

/** An id for labels and descriptions. */
export function newId(prefix = "id") {
  serial += 1;
  return `${prefix}-${serial}`;
}

/** A menu beside a button: arrows move, Escape closes, the choice acts. Entries are {label, hint, run, danger}. */
export function openMenu(anchor, entries, label) {
  const items = entries.map((entry) =>
    h("button", { type: "button", role: "menuitem", tabindex: "-1", class: entry.danger ? "danger" : null,
      on: { click: () => { shut(); entry.run(); } } },
      h("span", {}, entry.label), entry.hint ? h("small", {}, entry.hint) : null));
  const menu = h("div", { class: "menu", role: "menu", "aria-label": label }, items);
  const shut = beside(menu, anchor);
  menu.addEventListener("keydown", (event) => {
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) { items[(to + items.length) % items.length].focus(); event.preventDefault(); }
    if (event.key === "Tab") { shut(); event.preventDefault(); }
  });
  items[0]?.focus();
}

/** Put a box beside what opened it; Escape and clicks elsewhere shut it. Returns what shuts it and goes back. */
export function beside(box, anchor) {
  document.querySelector(".menu")?.dispatchEvent(new Event("shut"));
  const outside = (event) => { if (!box.contains(event.target) && !anchor.contains(event.target)) shut(false); };
  function shut(back = true) {
    box.remove();
    anchor.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
    if (back) anchor.focus();
  }
  box.addEventListener("shut", () => shut(false));
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { shut(); event.preventDefault(); event.stopPropagation(); }
  });
  // Inside a dialog only what the dialog contains can be reached.
  (anchor.closest("dialog") ?? document.body).append(box);
  place(box, anchor);
  anchor.setAttribute("aria-expanded", "true");
  document.addEventListener("pointerdown", outside, true);
  return shut;
}

function place(menu, anchor) {
  const by = anchor.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const below = by.bottom + 4;
  const top = below + height > innerHeight ? Math.max(8, by.top - height - 4) : below;
  menu.style.setProperty("top", `${top}px`);
  menu.style.setProperty("left", `${Math.max(8, Math.min(by.left, innerWidth - width - 8))}px`);
}
