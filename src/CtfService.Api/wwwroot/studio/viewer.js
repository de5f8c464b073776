import { createClassChoice } from "./class-choice.js";
import { button, describe, openDialog, tell } from "./dialog.js";
import { download, save } from "./download.js";
import { openEdit } from "./edit.js";
import { element } from "./element.js";
import { fileNameOf, requestAgain } from "./request.js";
import { copied, createSnippets } from "./snippets.js";

const SMALL_SIDE = 256;
const ROUTES = {
  generations: "drawn from its class",
  redetail: "new details in a layout",
  variations: "new details in the layout of a picture",
  edits: "a part of a picture drawn anew",
};

/**
 * Opens one picture large, with everything that can be done with it. The arrow keys go to its neighbours.
 * @param {EventTarget} studio
 * @param {object} picture
 * @param {object[]} pictures its neighbours, itself included
 */
export function openViewer(studio, picture, pictures) {
  let url = null;
  const content = element("div", { class: "viewed" });
  const dialog = openDialog("Image", "viewer", [content], () => URL.revokeObjectURL(url));
  const heading = dialog.querySelector("h2");
  const go = (step) => {
    const next = pictures[pictures.indexOf(picture) + step];
    if (next) {
      picture = next;
      show();
    }
  };
  const [previous, next] = [button("Previous", () => go(-1)), button("Next", () => go(1))];
  dialog.querySelector(".close").before(previous, next);
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step && !event.target.matches("input, select, pre") && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      go(step);
    }
  });

  /** Starts drawing, which shows on the page below this dialog and the history. */
  const start = (action) => {
    document.querySelectorAll("dialog.large").forEach((open) => open.close());
    action();
  };

  function show() {
    URL.revokeObjectURL(url);
    url = URL.createObjectURL(picture.file);
    heading.textContent = describe(picture);
    const i = pictures.indexOf(picture);
    // A disabled button would lose the focus, and with it the arrow keys.
    previous.setAttribute("aria-disabled", i <= 0);
    next.setAttribute("aria-disabled", i < 0 || i >= pictures.length - 1);
    content.replaceChildren(large(picture, url), element("div", { class: "about" }, actions(studio, picture, start), facts(picture), code(studio, picture)));
  }

  show();
}

function large(picture, url) {
  const [width, height] = picture.size.split("x").map(Number);
  const image = element("img", { src: url, alt: describe(picture), width, height });
  const smooth = element("input", { type: "checkbox", checked: width > SMALL_SIDE, onchange: () => image.classList.toggle("pixelated", !smooth.checked) });
  image.classList.toggle("pixelated", !smooth.checked);
  return element("figure", {}, image, element("figcaption", {}, element("label", { class: "check" }, smooth, "Smooth the pixels")));
}

function actions(studio, picture, start) {
  const { classLabel, settings, file } = picture;
  const other = createClassChoice(studio.classes.all, classLabel, "Same seed, other class");
  const drawOther = (event) => {
    event.preventDefault();
    start(() => studio.draw({ ...settings, classLabel: other.input.value.trim(), n: 1, seed: picture.seed }));
  };
  const saveAs = (format) => download(studio.api, picture, format).catch((error) => tell(studio, error.message));
  return element("div", { class: "actions" },
    group("Draw more",
      classLabel === null ? null
        : button("Again", () => start(() => studio.draw({ ...settings, classLabel, n: 1, seed: null })), { title: "The same settings with a new seed" }),
      ...(studio.model?.has_fine_stage ? [
        button("New details", () => start(() => studio.redetail(picture, { n: 1, seed: null })), { title: "The same layout, drawn in another way" }),
        button("Variations", () => start(() => studio.vary(file, { classLabel, n: 4, seed: null })), { title: "Four with the layout of this picture" }),
      ] : []),
      button("Edit a part", () => start(() => openEdit(studio, file, classLabel)), { title: "Paint what is drawn anew" })),
    element("form", { class: "other-class", onsubmit: drawOther },
      other.element, element("button", { type: "submit", class: "button", textContent: "Draw with this seed" })),
    group("Download",
      ...["PNG", "JPEG", "WebP"].map((format) => button(format, () => saveAs(format.toLowerCase()), { "aria-label": `Download as ${format}` })),
      ...originals(picture.source)),
    group("Settings",
      button("Copy seed", async () => tell(studio, await copied(picture.seed))),
      button("Use these settings", () => start(() =>
        studio.applySettings({ ...settings, classLabel, classId: picture.classId, seed: picture.seed, isSeedLocked: true, n: 1 })))));
}

/** Buttons for the files that a variation or an edit started from, under the names that its code has. */
function originals(source) {
  return [["Original", source?.file, "picture"], ["Mask", source?.mask, "mask"]].filter(([, file]) => file)
    .map(([label, file, kind]) => button(label, () => save(file, fileNameOf(kind, file)), { title: `The ${kind} that it started from` }));
}

function group(title, ...buttons) {
  return element("div", { class: "buttons", role: "group", "aria-label": title }, element("h3", { textContent: title }), ...buttons);
}

function facts(picture) {
  const { settings } = picture;
  const rows = {
    Class: picture.classLabel ?? "none",
    Seed: picture.seed,
    Made: ROUTES[picture.route],
    ...(["generations", "edits"].includes(picture.route) ? { "Coarse stage": words(settings) } : {}),
    "Fine stage": words(settings.fine),
    Model: `${picture.model}, ${picture.size}`,
  };
  return element("dl", { class: "facts" }, ...Object.entries(rows).map(([name, value]) =>
    element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: value }))));
}

/** Sampling settings in words. */
function words({ guidanceScale, temperature, topK, topP } = {}) {
  const named = { "guidance scale": guidanceScale, temperature, "top-k": topK, "top-p": topP };
  const given = Object.entries(named).filter(([, value]) => value !== null && value !== undefined);
  return given.length === 0 ? "the model's defaults" : given.map(([name, value]) => `${name} ${value}`).join(", ");
}

function code(studio, picture) {
  return element("details", {}, element("summary", { textContent: "As code" }), createSnippets(requestAgain(picture), studio));
}
