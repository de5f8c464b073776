/** Settings as the part of an address behind #, in the names of the API, so that a link shows the same settings. */

/** Names in the address, and where the value is in the settings. */
const numbers = {
  n: ["n"],
  guidance_scale: ["guidanceScale"],
  temperature: ["temperature"],
  top_k: ["topK"],
  top_p: ["topP"],
  "fine.guidance_scale": ["fine", "guidanceScale"],
  "fine.temperature": ["fine", "temperature"],
  "fine.top_k": ["fine", "topK"],
  "fine.top_p": ["fine", "topP"],
  partial_images: ["previews"],
};

/** @param {object} settings @returns {string} Without the #. A seed that is not locked is left out: the next drawing has another. */
export function toHash(settings) {
  const fields = new URLSearchParams();
  if (settings.classLabel !== null) {
    fields.set("class_label", settings.classLabel);
  }

  if (settings.isSeedLocked && settings.seed !== null) {
    fields.set("seed", settings.seed);
  }

  for (const [name, path] of Object.entries(numbers)) {
    const value = path.reduce((part, key) => part?.[key], settings);
    if (value !== null && value !== undefined) {
      fields.set(name, value);
    }
  }

  return fields.toString();
}

/** @param {string} hash With or without the #. @returns {object} The settings that it names; others are null, as for the defaults. */
export function fromHash(hash) {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const seed = /^\d{1,20}$/.test(fields.get("seed") ?? "") ? fields.get("seed") : null;
  const settings = { classLabel: fields.get("class_label"), seed, isSeedLocked: seed !== null, fine: {} };
  for (const [name, path] of Object.entries(numbers)) {
    const value = Number.parseFloat(fields.get(name));
    (path.length > 1 ? settings.fine : settings)[path.at(-1)] = Number.isFinite(value) ? value : null;
  }

  return settings;
}
