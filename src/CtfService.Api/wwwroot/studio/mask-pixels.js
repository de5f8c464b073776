import { canvas } from "./bitmap.js";

const MOST_UNDO_STEPS = 40;
const MOST_SIDE = 1024;
const LEAST_OPAQUE = 128; // as the service sees it

/** Which pixels of a picture are drawn anew, with undo and redo. Every change since `begin` is one step. */
export class MaskPixels {
  #undone = [];
  #done = [];

  /** @param {number} width @param {number} height pixels, at least 1 */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    /** 1 for a pixel that is drawn anew, in raster order. */
    this.pixels = new Uint8Array(width * height);
  }

  /** The mask of a picture's transparent pixels, which are what is to be drawn; scaled down if the picture is large. @param {HTMLCanvasElement} picture */
  static ofTransparency(picture) {
    const scale = Math.min(1, MOST_SIDE / Math.max(picture.width, picture.height));
    const small = canvas(Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale)));
    const context = small.getContext("2d");
    context.drawImage(picture, 0, 0, small.width, small.height);
    const { data } = context.getImageData(0, 0, small.width, small.height);
    const mask = new MaskPixels(small.width, small.height);
    mask.pixels.forEach((_, i) => {
      mask.pixels[i] = data[i * 4 + 3] < LEAST_OPAQUE ? 1 : 0;
    });
    return mask;
  }

  get count() {
    return this.pixels.reduce((sum, pixel) => sum + pixel, 0);
  }

  get canUndo() {
    return this.#done.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  /** Starts a step: `undo` returns to what the mask is now. */
  begin() {
    this.#done.push(this.pixels.slice());
    this.#done.splice(0, this.#done.length - MOST_UNDO_STEPS);
    this.#undone = [];
  }

  undo() {
    this.#step(this.#done, this.#undone);
  }

  redo() {
    this.#step(this.#undone, this.#done);
  }

  /**
   * Sets every pixel whose centre is at most half a brush away from a line.
   * @param {{ x: number, y: number }} from @param {{ x: number, y: number }} to pixels from the upper left corner
   * @param {number} size diameter of the brush
   * @param {0 | 1} value 1 to draw anew, 0 to keep
   */
  stroke(from, to, size, value) {
    const radius = Math.max(size / 2, 0.75); // the pixel under a brush of one pixel
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const squared = dx * dx + dy * dy;
    this.#each(Math.min(from.x, to.x) - radius, Math.min(from.y, to.y) - radius, Math.max(from.x, to.x) + radius, Math.max(from.y, to.y) + radius, (x, y) => {
      const [px, py] = [x + 0.5 - from.x, y + 0.5 - from.y];
      const along = squared === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / squared));
      if (Math.hypot(px - along * dx, py - along * dy) <= radius) {
        this.pixels[y * this.width + x] = value;
      }
    });
  }

  /** Sets the pixels of the rectangle between two corners. */
  rectangle(from, to, value) {
    this.#each(Math.min(from.x, to.x), Math.min(from.y, to.y), Math.max(from.x, to.x), Math.max(from.y, to.y), (x, y) => {
      this.pixels[y * this.width + x] = value;
    });
  }

  fill(value) {
    this.pixels.fill(value);
  }

  invert() {
    this.pixels.forEach((pixel, i) => {
      this.pixels[i] = 1 - pixel;
    });
  }

  /**
   * Tells which cells of a grid the mask touches, in raster order.
   * @param {{ columns: number, rows: number, left: number, top: number, cell: number }} grid place and cell size in pixels of the mask
   * @returns {boolean[]}
   */
  cells({ columns, rows, left, top, cell }) {
    const touched = new Array(columns * rows).fill(false);
    this.pixels.forEach((pixel, i) => {
      const column = Math.floor((i % this.width + 0.5 - left) / cell);
      const row = Math.floor((Math.floor(i / this.width) + 0.5 - top) / cell);
      if (pixel === 1 && column >= 0 && column < columns && row >= 0 && row < rows) {
        touched[row * columns + column] = true;
      }
    });
    return touched;
  }

  /**
   * Returns a canvas whose transparent pixels are drawn anew.
   * @param {number} width @param {number} height its size; the mask is scaled without smoothing
   * @returns {HTMLCanvasElement}
   */
  toCanvas(width, height) {
    const data = new ImageData(this.width, this.height);
    this.pixels.forEach((pixel, i) => {
      data.data[i * 4 + 3] = pixel === 1 ? 0 : 255;
    });
    const small = canvas(this.width, this.height);
    small.getContext("2d").putImageData(data, 0, 0);
    const full = canvas(width, height);
    const context = full.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, width, height);
    return full;
  }

  #step(from, to) {
    const pixels = from.pop();
    if (pixels) {
      to.push(this.pixels);
      this.pixels = pixels;
    }
  }

  #each(left, top, right, bottom, set) {
    const end = { x: Math.min(this.width, Math.ceil(right)), y: Math.min(this.height, Math.ceil(bottom)) };
    for (let y = Math.max(0, Math.floor(top)); y < end.y; y++) {
      for (let x = Math.max(0, Math.floor(left)); x < end.x; x++) {
        set(x, y);
      }
    }
  }
}
