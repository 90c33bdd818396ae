// No click is lost to a change: while somebody presses a button, what is to be drawn waits until they let go.

const LONGEST_MS = 1000;
let isPressing = false;
let waiting = null;

function release() {
  isPressing = false;
  const draw = waiting;
  waiting = null;
  // The click comes after the pointer is up, and drawing after the click.
  if (draw) setTimeout(draw, 0);
}

addEventListener("pointerdown", (event) => {
  if (!event.target.closest?.("button,a,summary,label")) return;
  isPressing = true;
  setTimeout(release, LONGEST_MS);
}, true);
addEventListener("pointerup", release, true);
addEventListener("pointercancel", release, true);

/** Draw now, or once nothing is pressed any more. */
export function whenReleased(draw) {
  if (isPressing) waiting = draw;
  else draw();
}
