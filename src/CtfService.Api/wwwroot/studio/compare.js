import { describe, openDialog } from "./dialog.js";
import { element } from "./element.js";

/**
 * Opens pictures side by side; two of them also on top of each other, with a slider between them.
 * @param {object[]} pictures two or more pictures of the session
 */
export function openCompare(pictures) {
  const urls = pictures.map((picture) => URL.createObjectURL(picture.file));
  const figures = pictures.map((picture, i) =>
    element("figure", {}, image(urls[i], picture), element("figcaption", { textContent: describe(picture) })));
  const sideBySide = element("div", { class: "side-by-side" }, ...figures);
  const content = pictures.length === 2 ? [modes(sideBySide, slider(urls, pictures))] : [sideBySide];
  openDialog(`Compare ${pictures.length} images`, "compare", content, () => urls.forEach((url) => URL.revokeObjectURL(url)));
}

function image(url, picture) {
  return element("img", { src: url, alt: describe(picture) });
}

function modes(sideBySide, overlaid) {
  const box = element("div", {}, sideBySide);
  const mode = (label, content, checked) =>
    element("label", {},
      element("input", { type: "radio", name: "compare", checked, onchange: () => box.lastElementChild.replaceWith(content) }),
      element("span", { textContent: label }));
  box.prepend(element("fieldset", { class: "choice" },
    element("legend", { textContent: "Show them" }), mode("side by side", sideBySide, true), mode("with a slider", overlaid)));
  return box;
}

/** The left part shows the first image, the right part the second one. */
function slider(urls, [first, second]) {
  const top = image(urls[0], first);
  const place = element("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": `Share of the first image: ${describe(first)}` });
  const follow = () => {
    top.style.setProperty("--cut", `${100 - place.value}%`);
    place.style.setProperty("--filled", `${place.value}%`);
  };
  place.addEventListener("input", follow);
  follow();
  return element("div", { class: "overlaid" }, element("div", { class: "stack" }, image(urls[1], second), top), place);
}
