import { canvas, toPng } from "./bitmap.js";
import { button } from "./dialog.js";
import { element } from "./element.js";
import { extended, sides } from "./extend.js";
import { MaskPixels } from "./mask-pixels.js";
import { MaskView } from "./mask-view.js";

const MASK_SIDE = 1024;
const KEYS = "Arrow keys move the brush (Shift: further), Space paints, Enter holds the brush down, R sets the corners of a rectangle, "
  + "X switches between draw anew and keep, [ and ] change the size, I inverts, Ctrl+Z undoes, Ctrl+Y does again.";

/** Paints which pixels of a picture are drawn anew, by mouse, touch, pen or keyboard. `element` goes onto the page. */
export class MaskPainter {
  #original;
  #file;
  #picture;
  #mask;
  #cursor = null;
  #corner = null;
  #last = null;
  #isHeld = false;

  /**
   * @param {Blob} file
   * @param {HTMLCanvasElement} picture what the file shows
   * @param {object | null} model as `/v1/models` describes it, for the positions that are drawn anew
   * @param {(isEmpty: boolean) => void} onChange called when the mask has changed
   */
  constructor(file, picture, model, onChange) {
    this.#original = { file, picture };
    this.model = model;
    this.onChange = onChange;
    this.canvas = element("canvas", { tabIndex: 0, role: "application", "aria-label": "The picture to paint on", "aria-describedby": "mask-keys" });
    this.view = new MaskView(this.canvas);
    this.element = element("div", { class: "painter" }, element("div", { class: "easel" }, this.canvas), this.#tools());
    this.#listen();
    this.#start(file, picture);
  }

  /** The picture, and a PNG of its size whose transparent pixels are drawn anew. @returns {Promise<{ picture: Blob, mask: Blob }>} */
  async result() {
    const file = this.#file ?? (await toPng(this.#picture));
    return { picture: file, mask: await this.#mask.toPng(this.#picture.width, this.#picture.height) };
  }

  #start(file, picture, mask) {
    const scale = Math.min(1, MASK_SIDE / Math.max(picture.width, picture.height));
    this.#file = file;
    this.#picture = picture;
    this.#mask = mask ?? maskOfTransparency(picture, Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale)));
    this.grid = gridOn(this.model, this.#mask);
    this.size.max = String(Math.ceil(Math.max(this.#mask.width, this.#mask.height) / 2));
    this.size.value = String(Math.max(1, Math.round(Math.max(this.#mask.width, this.#mask.height) / 8)));
    this.#cursor = null;
    this.#changed();
  }

  #tools() {
    const choice = (name, label, value, isChecked) =>
      element("label", {}, element("input", { type: "radio", name, value, checked: isChecked }), element("span", { textContent: label }));
    this.size = element("input", { type: "range", min: 1, max: 32, step: 1, oninput: () => this.#redraw() });
    this.cells = element("input", { type: "checkbox", onchange: () => this.#redraw() });
    this.undo = button("Undo", () => this.#step(() => this.#mask.undo(), false));
    this.redo = button("Redo", () => this.#step(() => this.#mask.redo(), false));
    this.side = element("select", { "aria-label": "Extend the picture" },
      ...sides.map((side) => element("option", { value: side, textContent: side })));
    this.summary = element("output", { class: "summary", "aria-live": "polite" });
    this.tools = element("form", { class: "tools", onsubmit: (event) => event.preventDefault() },
      element("fieldset", { class: "choice" }, element("legend", { textContent: "Tool" }), choice("tool", "Brush", "brush", true), choice("tool", "Rectangle", "rectangle")),
      element("fieldset", { class: "choice" }, element("legend", { textContent: "What is painted is" }), choice("paint", "drawn anew", "1", true), choice("paint", "kept", "0")),
      element("label", { class: "size" }, "Brush size", this.size),
      element("div", { class: "buttons" },
        this.undo,
        this.redo,
        button("Invert", () => this.#step(() => this.#mask.invert())),
        button("Clear", () => this.#step(() => this.#mask.fill(0)))),
      element("div", { class: "buttons" },
        this.side,
        button("Extend", () => this.#extend()),
        button("Start over", () => this.#start(this.#original.file, this.#original.picture))),
      this.model ? element("label", { class: "check" }, this.cells, "Show the positions that are drawn anew") : null,
      this.summary,
      element("details", {}, element("summary", { textContent: "Keys" }), element("p", { id: "mask-keys", textContent: KEYS })));
    return this.tools;
  }

  get #value() {
    return this.tools.elements.paint.value === "1" ? 1 : 0;
  }

  #listen() {
    const listen = (event, listener) => this.canvas.addEventListener(event, listener);
    listen("pointerdown", (event) => {
      if (event.isPrimary && event.button === 0) {
        this.canvas.setPointerCapture(event.pointerId);
        this.#press(this.#place(event), this.tools.elements.tool.value === "rectangle");
      }
    });
    listen("pointermove", (event) => {
      if (event.isPrimary) {
        (event.getCoalescedEvents?.() ?? [event]).forEach((each) => this.#move(this.#place(each)));
        this.#move(this.#place(event));
      }
    });
    listen("pointerup", (event) => event.isPrimary && this.#release());
    listen("pointercancel", () => this.#release());
    listen("pointerleave", () => this.#last || this.#corner || this.#point(null));
    listen("blur", () => this.#release());
    listen("keydown", (event) => this.#key(event));
    listen("focus", () => this.#cursor ?? (this.canvas.matches(":focus-visible") && this.#point({ x: this.#mask.width / 2, y: this.#mask.height / 2 })));
  }

  #place(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * this.#mask.width, y: ((event.clientY - box.top) / box.height) * this.#mask.height };
  }

  #press(place, isRectangle) {
    this.#mask.begin();
    this.#last = isRectangle ? null : place;
    this.#corner = isRectangle ? place : null;
    this.#move(place);
  }

  #move(place) {
    if (this.#last) {
      this.#mask.stroke(this.#last, place, Number(this.size.value), this.#value);
      this.#last = place;
    }

    this.#point(place);
  }

  #release() {
    if (this.#corner) {
      this.#mask.rectangle(this.#corner, this.#cursor, this.#value);
    }

    if (this.#corner || this.#last) {
      this.#corner = this.#last = null;
      this.#isHeld = false;
      this.#changed();
    }
  }

  #key(event) {
    const step = event.shiftKey ? Math.max(1, Math.round(this.#mask.width / 8)) : 1;
    const directions = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const isCommand = event.ctrlKey || event.metaKey;
    const actions = isCommand
      ? { z: () => (event.shiftKey ? this.redo : this.undo).click(), y: () => this.redo.click() }
      : {
          " ": () => this.#isHeld || (this.#press(this.#here, false), this.#release()),
          enter: () => (this.#isHeld ? this.#release() : (this.#press(this.#here, false), (this.#isHeld = true))),
          r: () => (this.#corner ? this.#release() : this.#press(this.#here, true)),
          x: () => (this.tools.elements.paint.value = String(1 - this.#value)),
          i: () => this.#step(() => this.#mask.invert()),
          "[": () => this.size.stepDown(),
          "]": () => this.size.stepUp(),
        };
    const direction = directions[event.key];
    if (this.#corner && !isCommand) {
      actions.escape = () => this.#cancelRectangle(); // otherwise it closes the dialog
    }

    const action = direction ? () => this.#move(this.#moved(direction)) : actions[event.key.toLowerCase()];
    if (action) {
      event.preventDefault();
      action();
      this.#redraw();
    }
  }

  #cancelRectangle() {
    this.#corner = null;
    this.#mask.undo();
    this.#changed();
  }

  get #here() {
    return this.#cursor ?? { x: this.#mask.width / 2, y: this.#mask.height / 2 };
  }

  #moved([dx, dy]) {
    return { x: clamp(this.#here.x + dx, 0, this.#mask.width), y: clamp(this.#here.y + dy, 0, this.#mask.height) };
  }

  #point(place) {
    this.#cursor = place;
    this.#redraw();
  }

  #step(change, isNew = true) {
    this.#release();
    if (isNew) {
      this.#mask.begin();
    }

    change();
    this.#changed();
  }

  #extend() {
    const { picture, mask } = extended(this.#picture, this.#mask, this.side.value);
    this.#start(null, picture, mask);
  }

  #changed() {
    const count = this.#mask.count;
    const share = count / this.#mask.pixels.length;
    const cells = this.grid ? this.#mask.cells(this.grid) : [];
    const positions = cells.filter(Boolean).length;
    this.undo.disabled = !this.#mask.canUndo;
    this.redo.disabled = !this.#mask.canRedo;
    this.summary.value = count === 0
      ? "Nothing is painted yet: paint what is drawn anew."
      : `${share < 0.01 ? "Less than 1" : Math.round(share * 100)} % is drawn anew${this.grid ? `: ${positions} of ${cells.length} positions` : ""}.`;
    this.#redraw();
    this.onChange(count === 0);
  }

  #redraw() {
    this.view.refresh(() => ({
      picture: this.#picture,
      mask: this.#mask,
      grid: this.grid,
      showsCells: this.cells.checked,
      cursor: this.#cursor && { ...this.#cursor, size: Number(this.size.value) },
      corner: this.#corner,
    }));
  }
}

const clamp = (value, least, most) => Math.min(most, Math.max(least, value));

/** The transparent part of a picture is what its owner wants drawn. */
function maskOfTransparency(picture, width, height) {
  const mask = new MaskPixels(width, height);
  const small = canvas(width, height);
  const context = small.getContext("2d");
  context.drawImage(picture, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  mask.pixels.forEach((_, i) => {
    mask.pixels[i] = data[i * 4 + 3] === 0 ? 1 : 0;
  });
  return mask;
}

/** The token grid on the mask: the service scales a picture to cover the model's size and crops it evenly. */
function gridOn(model, mask) {
  if (!model) {
    return null;
  }

  const [width, height] = model.size.split("x").map(Number);
  const scale = Math.max(width / mask.width, height / mask.height); // to the model's size
  const columns = Math.round(Math.sqrt((model.tokens_per_image * width) / height));
  return {
    columns,
    rows: Math.round(model.tokens_per_image / columns),
    cell: width / columns / scale,
    left: (mask.width - width / scale) / 2,
    top: (mask.height - height / scale) / 2,
  };
}
