import { shown } from "./classes.js";
import { element } from "./element.js";

let opened = 0;

// Modules with dialogs are loaded when the first one opens, and their styles with them.
await new Promise((resolve) => {
  document.head.append(element("link", { rel: "stylesheet", href: "/studio/viewer.css", onload: resolve, onerror: resolve }));
});

/** Creates a button that does something. */
export function button(textContent, onclick, properties = {}) {
  return element("button", { type: "button", class: "button", textContent, onclick, ...properties });
}

/** The text that stands for a picture. */
export function describe(picture) {
  return `${picture.classLabel === null ? "Image without a class" : shown(picture.classLabel)}, seed ${picture.seed}`;
}

/** Tells people something where they look: in the dialog that is open, or else above the results. */
export function tell(studio, message) {
  const dialog = [...document.querySelectorAll("dialog.large[open]")].at(-1);
  if (dialog) {
    dialog.querySelector(".told").textContent = message;
  } else {
    studio.results.notice(message);
  }
}

/**
 * Opens a modal dialog, which keeps the focus inside and gives it back when it closes. It is removed from the page then.
 * @param {string} title heading, which also names it for screen readers
 * @param {string} kind class of the dialog for the style sheet
 * @param {Node[]} content what follows the heading
 * @param {() => void} [onClose] called once, however it closes
 * @returns {HTMLDialogElement}
 */
export function openDialog(title, kind, content, onClose = () => {}) {
  const heading = element("h2", { id: `dialog-${++opened}`, textContent: title });
  const dialog = element(
    "dialog",
    { class: `dialog large ${kind}`, "aria-labelledby": heading.id },
    element(
      "header",
      {},
      heading,
      button("Close", () => dialog.close(), { class: "button close" }),
    ),
    element("p", { class: "told", role: "status" }),
    ...content,
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    onClose();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog && event.detail > 0) {
      dialog.close(); // the backdrop; a click by the keyboard has no place
    }
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
