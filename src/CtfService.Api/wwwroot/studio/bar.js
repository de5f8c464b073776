import { shown } from "./classes.js";
import { element } from "./element.js";

/** The bar that draws: the chosen class, what the settings put into it, and the button. */
export class Bar {
  #image = element("img", { alt: "", hidden: true });
  #name = element("span", { class: "chosen-name" }, "...");
  #draw = element("button", { type: "submit", class: "button primary draw" }, "Draw");

  /** @param {HTMLFormElement} form @param {() => void} onDraw */
  constructor(form, onDraw) {
    this.settings = element("div", { class: "bar-settings" });
    form.append(element("div", { class: "chosen" }, element("span", { class: "thumb" }, this.#image), this.#name), this.settings, this.#draw);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      onDraw();
    });
  }

  /** @param {{name: string}} entry @param {string | undefined} address Of its image, if it is there. */
  showClass(entry, address) {
    this.#name.title = this.#name.textContent = shown(entry.name);
    this.#image.hidden = address === undefined;
    this.#image.src = address ?? "";
  }

  /** @param {number} n Number of images that the button draws. */
  showCount(n) {
    this.#draw.textContent = n > 1 ? `Draw ${n}` : "Draw";
  }
}
