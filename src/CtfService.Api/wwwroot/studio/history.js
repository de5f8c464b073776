import { describe, openCompare } from "./compare.js";
import { button } from "./dialog.js";
import { element } from "./element.js";
import { newestThatFit, openStore } from "./history-store.js";

/**
 * Shows the images of the session in an element, keeps them over a reload, and opens those that are chosen side by side.
 * @param {EventTarget} studio
 * @param {HTMLElement} place
 * @returns {{ pictures: () => object[] }} all images, the newest first
 */
export function initHistory(studio, place) {
  const store = openStore();
  const list = element("ul", { class: "history" });
  const compare = button("Compare", () => openCompare(chosen()), { disabled: true });
  const clear = button("Clear history", () => clearAll());
  const empty = element("p", { class: "hint", textContent: "Images that you draw stay here, in this browser only." });
  place.append(element("div", { class: "buttons" }, compare, clear), empty, list);
  let pictures = [];
  const items = new Map();

  const chosen = () => pictures.filter((picture) => items.get(picture.id).box.checked);

  function refresh() {
    compare.disabled = chosen().length < 2;
    compare.textContent = chosen().length < 2 ? "Compare (choose two or more)" : `Compare ${chosen().length} images`;
    clear.hidden = compare.hidden = pictures.length === 0;
    empty.hidden = pictures.length > 0;
  }

  function show(picture, isNewest) {
    const url = URL.createObjectURL(picture.file);
    const box = element("input", { type: "checkbox", "aria-label": `Compare ${describe(picture)}`, onchange: refresh });
    const open = element("button", { type: "button", class: "thumbnail", "aria-label": `Open ${describe(picture)}`, onclick: () => studio.open(picture) },
      element("img", { src: url, alt: "", width: 64, height: 64 }));
    const item = element("li", {}, open, element("label", { class: "tick" }, box));
    items.set(picture.id, { item, box, url });
    list[isNewest ? "prepend" : "append"](item);
  }

  function drop(picture) {
    const { item, url } = items.get(picture.id);
    URL.revokeObjectURL(url);
    item.remove();
    items.delete(picture.id);
  }

  function keepWhatFits() {
    const kept = newestThatFit(pictures);
    const tooMany = pictures.filter((picture) => !kept.includes(picture));
    tooMany.forEach(drop);
    pictures = kept;
    store.then((open) => tooMany.forEach((picture) => open?.remove(picture.id).catch(() => {})));
    refresh();
  }

  async function clearAll() {
    pictures.forEach(drop);
    pictures = [];
    refresh();
    await (await store)?.clear().catch(() => {});
    studio.say("The history is empty.");
  }

  studio.addEventListener("picture", async ({ detail: picture }) => {
    pictures = [picture, ...pictures];
    show(picture, true);
    keepWhatFits();
    await (await store)?.add(picture).catch(() => {}); // a full disk costs the history, never the image
  });

  store
    .then((open) => open?.all() ?? [])
    .then((kept) => {
      kept = kept.filter((picture) => !items.has(picture.id));
      kept.forEach((picture) => show(picture, false));
      pictures = [...pictures, ...kept];
      keepWhatFits();
    })
    .catch(() => {});
  refresh();
  return { pictures: () => pictures };
}
