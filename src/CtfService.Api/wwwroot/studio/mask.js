import { toPng } from "./bitmap.js";
import { element } from "./element.js";
import { extended, withHoles } from "./extend.js";
import { MaskPixels } from "./mask-pixels.js";
import { MaskTools } from "./mask-tools.js";
import { MaskView } from "./mask-view.js";
import { tokenGrid } from "./token-grid.js";

/** Paints which pixels of a picture are drawn anew, by mouse, touch, pen or keyboard. `element` goes onto the page. */
export class MaskPainter {
  #original;
  #file;
  #picture;
  #mask;
  #cursor = null;
  #last = null;
  #corner = null;
  #isHeld = false;

  /**
   * @param {Blob} file
   * @param {HTMLCanvasElement} picture what the file shows
   * @param {object | null} model as `/v1/models` describes it, for the positions that are drawn anew
   * @param {(isPainted: boolean) => void} onChange called when the mask has changed
   */
  constructor(file, picture, model, onChange) {
    this.#original = { file, picture };
    this.model = model;
    this.onChange = onChange;
    this.tools = new MaskTools(model !== null, {
      undo: () => this.#change(() => this.#mask.undo(), false),
      redo: () => this.#change(() => this.#mask.redo(), false),
      invert: () => this.#change(() => this.#mask.invert()),
      clear: () => this.#change(() => this.#mask.fill(0)),
      extend: (side) => this.#extend(side),
      startOver: () => this.#start(file, picture, MaskPixels.ofTransparency(picture)),
      redraw: () => this.#redraw(),
    });
    this.canvas = element("canvas", { tabIndex: 0, role: "application", "aria-label": "The picture to paint on", "aria-describedby": "mask-keys" });
    this.view = new MaskView(this.canvas);
    this.element = element("div", { class: "painter" }, element("div", { class: "easel" }, this.canvas), this.tools.element);
    this.#listen();
    this.#start(file, picture, MaskPixels.ofTransparency(picture));
  }

  /**
   * What an edit takes: the picture, and a PNG of its size whose transparent pixels are drawn anew. A picture that has transparent pixels itself is its own
   * mask, because the service fills them with the colours around them.
   * @returns {Promise<{ picture: Blob, mask: Blob | null }>}
   */
  async result() {
    const mask = await this.#mask.toCanvas(this.#picture.width, this.#picture.height);
    return this.#file
      ? { picture: this.#file, mask: await toPng(mask) }
      : { picture: await toPng(withHoles(this.#picture, mask)), mask: null };
  }

  #start(file, picture, mask) {
    this.#file = mask.count === 0 ? file : null;
    this.#picture = picture;
    this.#mask = mask;
    this.#cursor = null;
    this.grid = tokenGrid(this.model, mask);
    this.view.fit(mask);
    this.tools.fit(Math.max(mask.width, mask.height));
    this.#changed();
  }

  #extend(side) {
    const { picture, mask } = extended(this.#picture, this.#mask, side);
    this.#start(null, picture, mask);
  }

  #listen() {
    const listen = (event, listener) => this.canvas.addEventListener(event, listener);
    listen("pointerdown", (event) => {
      if (event.isPrimary && event.button === 0) {
        this.canvas.setPointerCapture(event.pointerId);
        this.#press(this.#place(event), this.tools.isRectangle);
      }
    });
    listen("pointermove", (event) => {
      if (event.isPrimary) {
        [...(event.getCoalescedEvents?.() ?? []), event].forEach((each) => this.#move(this.#place(each)));
      }
    });
    listen("pointerup", (event) => event.isPrimary && this.#release());
    listen("pointercancel", () => this.#release());
    listen("pointerleave", () => this.#last || this.#corner || this.#point(null));
    listen("blur", () => this.#release());
    listen("focus", () => this.canvas.matches(":focus-visible") && this.#point(this.#here));
    listen("keydown", (event) => this.#key(event));
  }

  #place(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * this.#mask.width, y: ((event.clientY - box.top) / box.height) * this.#mask.height };
  }

  get #here() {
    return this.#cursor ?? { x: this.#mask.width / 2, y: this.#mask.height / 2 };
  }

  #press(place, isRectangle) {
    this.#mask.begin();
    this.#last = isRectangle ? null : place;
    this.#corner = isRectangle ? place : null;
    this.#move(place);
  }

  #move(place) {
    if (this.#last) {
      this.#mask.stroke(this.#last, place, Number(this.tools.size.value), this.tools.value);
      this.#last = place;
    }

    this.#point(place);
  }

  #release(isKept = true) {
    if (this.#corner && isKept) {
      this.#mask.rectangle(this.#corner, this.#cursor, this.tools.value);
    }

    if (this.#corner || this.#last) {
      if (!isKept) {
        this.#mask.undo();
      }

      this.#corner = this.#last = null;
      this.#isHeld = false;
      this.#changed();
    }
  }

  #key(event) {
    const step = event.shiftKey ? Math.max(1, Math.round(this.#mask.width / 8)) : 1;
    const [dx, dy] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key] ?? [0, 0];
    const action = dx || dy ? () => this.#move(this.#within(this.#here.x + dx, this.#here.y + dy)) : this.#actionOf(event);
    if (action) {
      event.preventDefault();
      action();
      this.#redraw();
    }
  }

  #actionOf(event) {
    const { undo, redo, size } = this.tools;
    const resize = (change) => this.tools.setSize(Number(size.value) + change);
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      return { z: () => (event.shiftKey ? redo : undo).click(), y: () => redo.click() }[key];
    }

    return {
      " ": () => this.#isHeld || (this.#press(this.#here, false), this.#release()),
      enter: () => (this.#isHeld ? this.#release() : (this.#press(this.#here, false), (this.#isHeld = true))),
      r: () => (this.#corner ? this.#release() : this.#press(this.#here, true)),
      escape: this.#corner || this.#last ? () => this.#release(false) : undefined, // otherwise it closes the dialog
      x: () => this.tools.switchValue(),
      i: () => this.#change(() => this.#mask.invert()),
      "[": () => resize(-1),
      "]": () => resize(1),
    }[key];
  }

  #within(x, y) {
    return { x: Math.min(this.#mask.width, Math.max(0, x)), y: Math.min(this.#mask.height, Math.max(0, y)) };
  }

  #point(place) {
    this.#cursor = place;
    this.#redraw();
  }

  #change(change, isNew = true) {
    this.#release();
    if (isNew) {
      this.#mask.begin();
    }

    change();
    this.#changed();
  }

  #changed() {
    const isPainted = this.tools.tell(this.#mask, this.grid);
    this.#redraw();
    this.onChange(isPainted);
  }

  #redraw() {
    this.view.refresh(() => ({
      picture: this.#picture,
      mask: this.#mask,
      grid: this.grid,
      showsCells: this.tools.cells.checked,
      cursor: this.#cursor && { ...this.#cursor, size: this.tools.isRectangle ? 0 : Number(this.tools.size.value) },
      corner: this.#corner,
    }));
  }
}
