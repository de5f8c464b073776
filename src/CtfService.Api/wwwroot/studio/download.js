import { element } from "./element.js";
import { requestAgain, toForm, toJson } from "./request.js";

/**
 * Saves a picture as a file. Formats that it does not have yet are asked from the service, which draws it again from the same seed and settings, so that the
 * file records how it was made; a browser's own encoder would lose that.
 * @param {import("./api.js").Api} api
 * @param {object} picture
 * @param {"png" | "jpeg" | "webp"} format
 * @throws {ApiError} in the service's words
 */
export async function download(api, picture, format) {
  const mediaType = `image/${format}`;
  const request = requestAgain(picture);
  const file = picture.mediaType === mediaType
    ? picture.file
    : await api.file(request.route, request.files ? toForm(request) : toJson(request.fields), mediaType);
  save(file, `${fileName(picture)}.${format === "jpeg" ? "jpg" : format}`);
}

/** Saves a file under a name. @param {Blob} file @param {string} name */
export function save(file, name) {
  const url = URL.createObjectURL(file);
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser reads it after the click
}

function fileName({ classLabel, seed }) {
  return `${(classLabel ?? "image").replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 80)}-${seed}`;
}
