// Where a list of messages stands.

const NEAR_END = 120;
const watched = new WeakMap();

/** Whoever reads the end stays there while messages come, charts are drawn and panes open; others are left alone. */
export function stickToEnd(box, list) {
  if (!box.dataset.end) {
    toEnd(box);
    box.addEventListener("scroll", () => {
      // When the list has just grown it is not the reader who left the end.
      const hasGrown = box.dataset.height !== String(box.scrollHeight);
      box.dataset.height = String(box.scrollHeight);
      if (!hasGrown) box.dataset.end = String(box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END);
    });
  }
  const sizes = new ResizeObserver(() => { if (box.dataset.end === "true") toEnd(box); });
  watched.get(box)?.disconnect();
  watched.set(box, sizes);
  sizes.observe(list);
  sizes.observe(box);
}

export function toEnd(box) {
  box.dataset.end = "true";
  box.dataset.height = String(box.scrollHeight);
  box.scrollTop = box.scrollHeight;
}
