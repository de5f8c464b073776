import { element } from "./element.js";

/**
 * Lets a picture be dropped on the page, pasted or chosen.
 * @param {EventTarget} studio
 * @returns {() => void} asks for a file
 */
export function initDrop(studio) {
  const input = element("input", { type: "file", accept: "image/*", hidden: true, onchange: () => take(input.files) });
  document.body.append(input);

  function take(files) {
    const file = [...(files ?? [])][0];
    if (file) {
      studio.later(import("./dropped.js"), ({ openDropped }) => openDropped(studio, file));
    }

    input.value = ""; // the same file can be chosen again
  }

  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const mark = (isOver) => document.documentElement.classList.toggle("dropping", isOver);
  document.addEventListener("dragover", (event) => {
    if (hasFiles(event)) {
      event.preventDefault();
      mark(true);
    }
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && mark(false));
  document.addEventListener("drop", (event) => {
    mark(false);
    if (hasFiles(event)) {
      event.preventDefault(); // otherwise the browser leaves the page
      take(event.dataTransfer.files);
    }
  });
  document.addEventListener("paste", (event) => take(event.clipboardData?.files));
  return () => input.click();
}
