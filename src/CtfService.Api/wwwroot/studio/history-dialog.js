import { button, describe, openDialog } from "./dialog.js";
import { element } from "./element.js";

/**
 * Shows the images of the session; opens one of them, or several side by side.
 * @param {EventTarget} studio
 * @param {import("./history.js").History} history
 */
export function openHistory(studio, history) {
  const content = element("div");
  const chosen = new Set();
  let urls = [];
  const show = () => {
    urls.forEach((url) => URL.revokeObjectURL(url));
    urls = history.pictures.map((picture) => URL.createObjectURL(picture.file));
    const compare = button("", () => studio.later(import("./compare.js"), ({ openCompare }) =>
      openCompare(history.pictures.filter((picture) => chosen.has(picture)))));
    const tellChosen = () => {
      compare.disabled = chosen.size < 2;
      compare.textContent = chosen.size < 2 ? "Tick two or more to compare them" : `Compare ${chosen.size} images`;
    };
    const choose = (picture, isChosen) => {
      chosen[isChosen ? "add" : "delete"](picture);
      tellChosen();
    };
    tellChosen();
    content.replaceChildren(
      element("div", { class: "buttons", hidden: urls.length === 0 }, compare, button("Clear history", () => { chosen.clear(); history.clear(); })),
      element("p", { class: "help", textContent: urls.length === 0
        ? "Images that you draw stay here, in this browser only."
        : `${urls.length} ${urls.length === 1 ? "image" : "images"}, in this browser only. The oldest ones make room for new ones.` }),
      element("ul", { class: "history" }, ...history.pictures.map((picture, i) => item(studio, picture, urls[i], chosen.has(picture), choose))));
  };
  history.addEventListener("change", show);
  openDialog("History", "past", [content], () => {
    history.removeEventListener("change", show);
    urls.forEach((url) => URL.revokeObjectURL(url));
  });
  show();
}

function item(studio, picture, url, isChosen, choose) {
  const open = element("button", {
    type: "button", class: "thumbnail", "aria-label": `Open ${describe(picture)}`, onclick: () => studio.open(picture),
  }, element("img", { src: url, alt: "" }));
  const tick = element("input", {
    type: "checkbox", checked: isChosen, "aria-label": `Compare ${describe(picture)}`, onchange: () => choose(picture, tick.checked),
  });
  return element("li", {}, open, element("label", { class: "tick" }, tick));
}
