/**
 * A request for images, as the API takes it.
 * @typedef {object} ImageRequest
 * @property {"generations" | "redetail" | "variations" | "edits"} route the last segment of the path
 * @property {object} fields of the JSON body, or of the form if the route takes files; absent fields have the model's defaults
 * @property {{ image: Blob, mask: Blob | null } | null} files what a form uploads; null for JSON
 */

/** Leaves out what has the model's default. */
const given = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));

const stage = ({ guidanceScale, temperature, topK, topP } = {}, prefix = "") =>
  given({ [`${prefix}guidance_scale`]: guidanceScale, [`${prefix}temperature`]: temperature, [`${prefix}top_k`]: topK, [`${prefix}top_p`]: topP });

/**
 * The request for images with these settings.
 * @param {object} settings
 * @param {Partial<ImageRequest> & { layout?: number[] }} [how] the route and what it draws from; generations if absent
 * @returns {ImageRequest}
 */
export function requestFor(settings, { route = "generations", layout = null, files = null } = {}) {
  const fine = stage(settings.fine, files ? "fine_" : "");
  return {
    route,
    files,
    fields: given({
      class_label: settings.classLabel,
      n: settings.n === 1 ? null : settings.n,
      seed: settings.seed,
      layout,
      ...(route === "generations" || route === "edits" ? stage(settings) : {}),
      candidates: route === "edits" && settings.candidates > 1 ? settings.candidates : null,
      ...(files ? fine : { fine: Object.keys(fine).length > 0 ? fine : null }),
    }),
  };
}

/** The request that gives one picture of the session again. @param {object} picture @returns {ImageRequest} */
export function requestAgain(picture) {
  return requestFor({ ...picture.settings, classLabel: picture.classLabel, n: 1, seed: picture.seed }, {
    route: picture.route,
    layout: picture.route === "redetail" ? picture.layout : null,
    files: picture.source && { image: picture.source.file, mask: picture.source.mask },
  });
}

/** The name under which a file of a request is saved, and which its code reads. @param {"picture" | "mask"} kind @param {Blob} file */
export const fileNameOf = (kind, file) => `${kind}.${file.type?.split("/")[1] ?? "png"}`;

/** The fields as JSON, with seeds as numbers: all their 64 bits. @param {object} fields @returns {string} */
export function toJson(fields) {
  const text = JSON.stringify(fields).replace(/"seed":"(\d+)"/, '"seed":$1');
  return text.replace(/[\u0085\u2028\u2029]/g, (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, "0")}`); // line ends in some languages
}

/** The fields and files as a form. @param {ImageRequest} request @returns {FormData} */
export function toForm({ fields, files }) {
  const form = new FormData();
  form.append("image", files.image, "picture");
  if (files.mask) {
    form.append("mask", files.mask, "mask.png");
  }

  for (const [name, value] of Object.entries(fields)) {
    [value].flat().forEach((each) => form.append(name, String(each))); // a list repeats its field
  }

  return form;
}
