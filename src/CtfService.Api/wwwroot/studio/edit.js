import { toCanvas } from "./bitmap.js";
import { createClassChoice } from "./class-choice.js";
import { openDialog, tell } from "./dialog.js";
import { element } from "./element.js";
import { MaskPainter } from "./mask.js";

/**
 * Opens the dialog in which a part of a picture is painted and drawn anew.
 * @param {EventTarget} studio
 * @param {Blob} file a picture
 * @param {string | null} classLabel what to draw
 */
export async function openEdit(studio, file, classLabel) {
  let picture;
  try {
    picture = await toCanvas(file);
  } catch (error) {
    tell(studio, error.message);
    return;
  }

  const draw = element("button", { type: "submit", class: "button primary", textContent: "Draw this part" });
  const painter = new MaskPainter(file, picture, studio.model, (isPainted) => {
    draw.disabled = !isPainted;
  });
  const { seed, isSeedLocked } = studio.settings();
  const choice = createClassChoice(studio.classes.all, classLabel);
  const seedField = element("input", { type: "text", inputMode: "numeric", pattern: "[0-9]{1,20}", placeholder: "a new one", value: isSeedLocked ? seed : "" });
  const count = element("input", { type: "number", min: 1, value: 1, required: true });
  const candidates = element("input", { type: "number", min: 1, max: 16, value: 4, required: true, "aria-describedby": "candidates-help" });
  const form = element("form", { class: "edit-form", onsubmit: submit },
    choice.element,
    element("label", {}, "Seed", seedField),
    element("label", {}, "Images", count),
    element("label", {}, "Candidates", candidates),
    draw,
    element("p", { class: "help", id: "candidates-help", textContent: "Each candidate is one try at the part. The one that fits what is kept best is taken." }));
  const dialog = openDialog("Draw a part anew", "edit", [painter.element, form]);
  painter.canvas.focus();

  async function submit(event) {
    event.preventDefault();
    const result = await painter.result();
    dialog.close();
    studio.edit(result.picture, result.mask, {
      classLabel: choice.input.value.trim(), n: count.valueAsNumber, seed: seedField.value || null, candidates: candidates.valueAsNumber,
    });
  }
}
