// What was typed and not sent yet: the browser asks before the page is left, by whatever way.

const FIELDS = "textarea, #decide-note";
let off = false;

/** Leave without being asked: the reader said so, or must not stay. */
export const letGo = () => { off = true; };

/** Whether a text stands somewhere that leaving would lose; what another tab of the page hides counts, what is closed does not. */
export const unsaved = () => [...document.querySelectorAll(FIELDS)].some((field) => field.value.trim() !== field.defaultValue.trim() && !field.closest("[hidden]:not(.pane)"));

export function startUnsaved() {
  window.addEventListener("beforeunload", (event) => { if (!off && unsaved()) event.preventDefault(); });
}
