import { toUpload } from "./bitmap.js";
import { button, openDialog, tell } from "./dialog.js";
import { openEdit } from "./edit.js";
import { element } from "./element.js";
import { readProvenance } from "./provenance.js";

/** The method by which the service draws labels; with another one the same settings give another image. */
const SAMPLER = "gumbel_max";

/** Shows a file, says what it is, and offers what can be done with it. */
export async function openDropped(studio, file) {
  const [provenance, upload] = await Promise.all([readProvenance(file), toUpload(file).catch((error) => error)]);
  if (upload instanceof Error) {
    tell(studio, upload.message);
    return;
  }

  document.querySelector("dialog.dropped")?.close();
  const url = URL.createObjectURL(file);
  const own = provenance && ownFile(studio, provenance);
  const start = (action) => () => {
    dialog.close();
    action();
  };
  const classLabel = provenance?.classLabel ?? studio.settings().classLabel;
  const dialog = openDialog(own?.title ?? "A picture", "dropped", [
    element("img", { src: url, alt: file.name ? `The file ${file.name}` : "The picture that you pasted" }),
    ...(own?.sentences ?? ["The file does not say how it was made.", "The model can draw variations of it, or a part of it anew."])
      .map((textContent) => element("p", { textContent })),
    element("div", { class: "buttons" },
      own?.settings ? button("Use these settings", start(() => studio.applySettings(own.settings)), { class: "button primary" }) : null,
      own?.isRepeatable ? button("Draw it again", start(() => { studio.applySettings(own.settings); studio.draw(own.settings); })) : null,
      studio.model?.has_fine_stage ? button("Variations", start(() => studio.vary(upload, { classLabel, n: 4, seed: null }))) : null,
      button("Edit a part", start(() => openEdit(studio, upload, classLabel)))),
  ], () => URL.revokeObjectURL(url));
}

/** What the provenance of a file means for people. */
function ownFile(studio, provenance) {
  const { classLabel, seed, model, software, layout, isPreview, isSheet } = provenance;
  const isSameModel = provenance.bundleHash === studio.model?.bundle_hash;
  const isSameSampler = provenance.sampler === SAMPLER;
  const isDrawn = layout === "drawn" && !isPreview && !isSheet && classLabel !== null;
  const origin = isPreview ? "It is a preview of an unfinished image."
    : isSheet ? "It is a contact sheet of several images."
    : layout === "drawn" ? null
    : "Its layout or a part of it came from another picture, which the file does not contain, so the settings alone do not give it again.";
  return {
    title: `${classLabel ?? "An image without a class"}, seed ${seed}`,
    isRepeatable: isDrawn && isSameModel && isSameSampler,
    settings: isSheet ? null : settingsOf(provenance, studio.model?.defaults),
    sentences: [
      `Drawn by ${software} with the model ${model}.`,
      ...(origin ? [origin] : []),
      isSameModel && isDrawn && !isSameSampler
        ? `It was drawn by the sampler ${provenance.sampler ?? "inverse_cdf"} and the service uses ${SAMPLER}, so the same settings give another image. `
          + "The command ctf generate --from draws it again."
        : isSameModel
        ? isDrawn ? "The loaded model draws it again, the same to the last byte." : "The model is the loaded one."
        : `The loaded model is another one (${studio.model?.id ?? "none"}), so the same settings give another image.`,
    ],
  };
}

/** The settings of a file; null where it has what is the model's default. */
function settingsOf({ classId, classLabel, seed, coarse, fine }, defaults) {
  return { classId, classLabel, seed, isSeedLocked: true, n: 1, ...stage(coarse, defaults?.coarse), fine: stage(fine, defaults?.fine) };
}

function stage(sampling, defaults) {
  const other = (value, usual) => (value === undefined || value === usual ? null : value);
  return {
    guidanceScale: other(sampling?.guidanceScale, defaults?.guidance_scale),
    temperature: other(sampling?.temperature, defaults?.temperature),
    topK: other(sampling?.topK, defaults?.top_k),
    topP: other(sampling?.topP, defaults?.top_p),
  };
}
