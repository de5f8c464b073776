import { button } from "./dialog.js";
import { element } from "./element.js";
import { sides } from "./extend.js";

const KEYS = "Arrow keys move the brush (Shift: further), Space paints, Enter holds the brush down, R sets the corners of a rectangle, "
  + "X switches between draw anew and keep, [ and ] change the size, I inverts, Ctrl+Z undoes, Ctrl+Y does again.";

/** The tools beside a picture that is painted on. */
export class MaskTools {
  /**
   * @param {boolean} hasGrid whether the positions of the model are known
   * @param {{ undo, redo, invert, clear, extend, startOver, redraw }} actions functions; `extend` gets the side
   */
  constructor(hasGrid, actions) {
    const side = element("select", { "aria-label": "Where to extend the picture" },
      ...sides.map((name) => element("option", { value: name, textContent: name })));
    this.redraw = actions.redraw;
    this.undo = button("Undo", actions.undo);
    this.redo = button("Redo", actions.redo);
    this.size = element("input", { type: "range", min: 1, max: 32, step: 1, oninput: () => this.setSize(this.size.value) });
    this.cells = element("input", { type: "checkbox", onchange: actions.redraw });
    this.summary = element("output", { class: "summary", "aria-live": "polite" });
    this.element = element("form", { class: "mask-tools", onsubmit: (event) => event.preventDefault() },
      choice("Tool", "tool", [["brush", "Brush"], ["rectangle", "Rectangle"]]),
      choice("What is painted is", "paint", [["1", "drawn anew"], ["0", "kept"]]),
      element("label", { class: "size" }, "Brush size", this.size),
      element("div", { class: "buttons" }, this.undo, this.redo, button("Invert", actions.invert), button("Clear", actions.clear)),
      element("div", { class: "buttons" }, side, button("Extend", () => actions.extend(side.value)), button("Start over", actions.startOver)),
      hasGrid ? element("label", { class: "check" }, this.cells, "Show the positions that are drawn anew") : null,
      this.summary,
      element("details", {}, element("summary", { textContent: "Keys" }), element("p", { id: "mask-keys", textContent: KEYS })));
  }

  get isRectangle() {
    return this.element.elements.tool.value === "rectangle";
  }

  /** 1 to draw anew, 0 to keep. */
  get value() {
    return Number(this.element.elements.paint.value);
  }

  switchValue() {
    this.element.elements.paint.value = String(1 - this.value);
  }

  /** Gives the brush a size that suits a mask with this longest side. */
  fit(side) {
    this.size.max = Math.max(2, Math.ceil(side / 2));
    this.setSize(Math.round(side / 8));
  }

  /** @param {number} pixels Diameter of the brush; the range of the slider bounds it. */
  setSize(pixels) {
    this.size.value = pixels;
    this.size.style.setProperty("--filled", `${(100 * (this.size.value - 1)) / (this.size.max - 1)}%`);
    this.redraw();
  }

  /**
   * Says how much is painted.
   * @param {import("./mask-pixels.js").MaskPixels} mask
   * @param {object | null} grid
   * @returns {boolean} whether anything is painted
   */
  tell(mask, grid) {
    const percent = Math.round((mask.count / mask.pixels.length) * 100);
    const cells = grid ? mask.cells(grid) : [];
    this.undo.disabled = !mask.canUndo;
    this.redo.disabled = !mask.canRedo;
    this.summary.value = mask.count === 0
      ? "Nothing is painted yet. Paint over what is to be drawn anew."
      : `${percent === 0 ? "Less than 1" : percent} % is drawn anew${grid ? `: ${cells.filter(Boolean).length} of ${cells.length} positions` : ""}.`;
    return mask.count > 0;
  }
}

function choice(legend, name, options) {
  return element("fieldset", { class: "choice" }, element("legend", { textContent: legend }), ...options.map(([value, label], i) =>
    element("label", {}, element("input", { type: "radio", name, value, checked: i === 0 }), element("span", { textContent: label }))));
}
