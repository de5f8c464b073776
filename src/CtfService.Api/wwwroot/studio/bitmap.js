/** What the service accepts; a browser can show more. */
const ACCEPTED = ["image/png", "image/jpeg", "image/webp"];
const MAX_BYTES = 10 * 1024 * 1024;
const MAX_PIXELS = 16 * 1024 * 1024;
const SCALED_SIDE = 2048;

/** Creates a canvas that is not on the page. */
export function canvas(width, height) {
  const created = document.createElement("canvas");
  created.width = width;
  created.height = height;
  return created;
}

/**
 * Draws a picture onto a canvas of its own size, turned as its file says.
 * @param {Blob} file
 * @returns {Promise<HTMLCanvasElement>}
 * @throws {Error} with words for people, if the browser cannot read the file as a picture
 */
export async function toCanvas(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error(`${file.name ? `"${file.name}"` : "This file"} is not a picture that this browser can read. Choose a PNG, JPEG or WebP file.`);
  }

  const drawn = canvas(bitmap.width, bitmap.height);
  drawn.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
  return drawn;
}

/** Encodes a canvas as PNG. @returns {Promise<Blob>} */
export function toPng(drawn) {
  return new Promise((resolve) => drawn.toBlob(resolve, "image/png"));
}

/**
 * Returns a file that the service accepts: the same one if it does, otherwise a PNG, scaled down if it is very large.
 * @param {Blob} file any picture that the browser can read
 * @throws {Error} as {@link toCanvas}
 */
export async function toUpload(file) {
  const drawn = await toCanvas(file);
  if (ACCEPTED.includes(file.type) && file.size <= MAX_BYTES && drawn.width * drawn.height <= MAX_PIXELS) {
    return file;
  }

  const scale = Math.min(1, SCALED_SIDE / Math.max(drawn.width, drawn.height));
  const scaled = canvas(Math.max(1, Math.round(drawn.width * scale)), Math.max(1, Math.round(drawn.height * scale)));
  const context = scaled.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(drawn, 0, 0, scaled.width, scaled.height);
  return toPng(scaled);
}
