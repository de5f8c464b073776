import { canvas } from "./bitmap.js";

const CANVAS_SIDE = 768;
const TINT = [232, 30, 140, 150]; // seen on most pictures; the cells have an outline as well

/** Draws a picture with its mask, the positions that are drawn anew, and the brush. */
export class MaskView {
  #isQueued = false;

  /** @param {HTMLCanvasElement} target */
  constructor(target) {
    this.target = target;
    this.context = target.getContext("2d");
  }

  /** Gives the canvas a whole number of pixels for each pixel of the mask. */
  fit(mask) {
    const scale = Math.max(1, Math.floor(CANVAS_SIDE / Math.max(mask.width, mask.height)));
    this.target.width = mask.width * scale;
    this.target.height = mask.height * scale;
  }

  /**
   * Draws soon, once for any number of calls before the next frame.
   * @param {() => object} state picture (a canvas), mask, grid or null, cursor ({x, y, size}) or null, corner of a started rectangle or null
   */
  refresh(state) {
    if (!this.#isQueued) {
      this.#isQueued = true;
      requestAnimationFrame(() => {
        this.#isQueued = false;
        this.#draw(state());
      });
    }
  }

  #draw({ picture, mask, grid, showsCells, cursor, corner }) {
    const context = this.context;
    const { width, height } = this.target;
    const scale = width / mask.width;
    context.clearRect(0, 0, width, height);
    context.imageSmoothingEnabled = picture.width > mask.width;
    context.drawImage(picture, 0, 0, width, height);
    context.imageSmoothingEnabled = false;
    context.drawImage(tinted(mask), 0, 0, width, height);
    if (grid) {
      this.#shadeCropped(grid, scale, width, height);
    }

    if (grid && showsCells) {
      this.#outlineCells(mask.cells(grid), grid, scale);
    }

    if (corner && cursor) {
      this.#outline(() => context.rect(corner.x * scale, corner.y * scale, (cursor.x - corner.x) * scale, (cursor.y - corner.y) * scale));
    } else if (cursor) {
      this.#outline(() => context.arc(cursor.x * scale, cursor.y * scale, Math.max(3, (cursor.size / 2) * scale), 0, 2 * Math.PI));
    }
  }

  /** What the service crops, because the picture has another shape than the model's. */
  #shadeCropped({ left, top, columns, rows, cell }, scale, width, height) {
    const [x, y, w, h] = [left, top, columns * cell, rows * cell].map((side) => side * scale);
    this.context.fillStyle = "rgb(0 0 0 / 65%)";
    this.context.beginPath();
    this.context.rect(0, 0, width, height);
    this.context.rect(x, y, w, h);
    this.context.fill("evenodd");
  }

  #outlineCells(cells, { columns, left, top, cell }, scale) {
    this.#outline(() =>
      cells.forEach((isTouched, i) => {
        if (isTouched) {
          this.context.rect((left + (i % columns) * cell) * scale, (top + Math.floor(i / columns) * cell) * scale, cell * scale, cell * scale);
        }
      }),
    );
  }

  /** Light on dark, so that it shows on every picture. */
  #outline(path) {
    for (const [style, lineWidth] of [["#000", 3], ["#fff", 1]]) {
      this.context.beginPath();
      path();
      this.context.strokeStyle = style;
      this.context.lineWidth = lineWidth;
      this.context.stroke();
    }
  }
}

function tinted(mask) {
  const data = new ImageData(mask.width, mask.height);
  mask.pixels.forEach((pixel, i) => {
    if (pixel === 1) {
      data.data.set(TINT, i * 4);
    }
  });
  const drawn = canvas(mask.width, mask.height);
  drawn.getContext("2d").putImageData(data, 0, 0);
  return drawn;
}
