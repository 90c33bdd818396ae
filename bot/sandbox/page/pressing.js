// No click is lost to a change: while somebody presses a button, what is to be drawn waits until they let go.

const LONGEST_MS = 1000;
let pressed = 0; // which press it is, so that the end of its patience does not end a later one
let isPressing = false;
const waiting = new Set();

function release() {
  isPressing = false;
  // The click comes after the pointer is up, and drawing after the click.
  for (const draw of waiting) setTimeout(draw, 0);
  waiting.clear();
}

addEventListener("pointerdown", (event) => {
  if (!event.target.closest?.("button,a,summary,label")) return;
  isPressing = true;
  pressed += 1;
  const press = pressed;
  setTimeout(() => { if (press === pressed) release(); }, LONGEST_MS);
}, true);
addEventListener("pointerup", release, true);
addEventListener("pointercancel", release, true);

/** Draw now, or once nothing is pressed any more; what is to be drawn several times is drawn once. */
export function whenReleased(draw) {
  if (isPressing) waiting.add(draw);
  else draw();
}
