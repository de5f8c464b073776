import { element } from "./element.js";

let opened = 0;

/** Creates a button that does something. */
export function button(textContent, onclick, properties = {}) {
  return element("button", { type: "button", textContent, onclick, ...properties });
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
    { class: `dialog ${kind}`, "aria-labelledby": heading.id },
    element(
      "header",
      {},
      heading,
      button("Close", () => dialog.close(), { class: "close" }),
    ),
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
