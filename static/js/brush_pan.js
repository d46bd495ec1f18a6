// The strip under the histogram: which part of the record is shown, dragged or moved by keys.

/** Follow a strip; `share(part)` moves what is shown by a part of the whole. */
export function startPan(strip, { share }) {
  let x = null;
  const wide = () => Math.max(strip.clientWidth, 1);
  strip.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const thumb = strip.firstElementChild.getBoundingClientRect();
    // Beside the thumb: bring it there first.
    if (event.clientX < thumb.left || event.clientX > thumb.right) share((event.clientX - (thumb.left + thumb.right) / 2) / wide());
    x = event.clientX;
    strip.setPointerCapture(event.pointerId);
    strip.focus();
  });
  strip.addEventListener("pointermove", (event) => {
    if (x === null || Math.abs(event.clientX - x) < 2) return;
    share((event.clientX - x) / wide());
    x = event.clientX;
  });
  for (const name of ["pointerup", "pointercancel"]) strip.addEventListener(name, () => { x = null; });
  strip.addEventListener("keydown", (event) => {
    const part = { ArrowLeft: -0.25, ArrowRight: 0.25, PageUp: -1, PageDown: 1, Home: -1000, End: 1000 }[event.key];
    if (part === undefined) return;
    event.preventDefault();
    share((part * strip.firstElementChild.clientWidth) / wide());
  });
}
