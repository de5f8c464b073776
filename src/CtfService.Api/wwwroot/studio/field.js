import { element, icon } from "./element.js";

/** One setting: label, field, slider, explanation, and what is wrong with it. An empty field, or one with the default, is the default. */
export class Field {
  constructor(spec, onChange) {
    const { id, label, min, max, step, slider, text, param } = spec;
    this.fallback = spec.fallback ?? null;
    this.param = param;
    this.input = element("input", {
      id, type: "number", min, max: max ?? "", step: "any", inputMode: "decimal", autocomplete: "off", form: "bar",
      "aria-describedby": `${id}-help ${id}-problem`, oninput: () => this.#changed(onChange),
    });
    this.input.addEventListener("keydown", (event) => this.#stepBy(event, step, onChange));
    this.slider = slider === undefined ? null : element("input", {
      type: "range", min, max: slider, step, tabIndex: -1, "aria-hidden": "true",
      oninput: () => { this.input.value = this.slider.value; this.#changed(onChange); },
    });
    this.reset = element("button", {
      type: "button", class: "icon-button", title: "Back to the model's default", "aria-label": `${label}: back to the default`,
      onclick: () => { this.value = null; this.input.focus(); onChange(); },
    }, icon("reset"));
    this.problem = element("p", { class: "problem", id: `${id}-problem` });
    this.element = element("div", { class: "field" },
      element("div", { class: "field-head" }, element("label", { for: id }, label), this.reset, this.input),
      this.slider, element("p", { class: "help", id: `${id}-help` }, text), this.problem);
    this.value = null;
  }

  /** @returns {number | null} Null for the default. */
  get value() {
    const value = Number.parseFloat(this.input.value);
    return Number.isFinite(value) && value !== this.fallback ? value : null;
  }

  set value(value) {
    this.input.value = value ?? this.fallback ?? "";
    this.mark("");
    this.#show();
  }

  /** Shows what is wrong with the value; nothing for an empty message. */
  mark(message) {
    this.problem.textContent = message;
    this.input.setAttribute("aria-invalid", message !== "");
  }

  /** Takes another default; the value stays if the person chose it. */
  setFallback(fallback) {
    if (this.value === null) {
      this.input.value = fallback ?? "";
    }

    this.fallback = fallback;
    this.#show();
  }

  #changed(onChange) {
    this.mark("");
    this.#show();
    onChange();
  }

  /** Arrow keys move by the step of the slider: the field itself accepts any number. */
  #stepBy(event, step, onChange) {
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (direction) {
      event.preventDefault();
      const next = (Number.parseFloat(this.input.value) || 0) + direction * step;
      const { min, max } = this.input;
      this.input.value = Number(Math.min(max === "" ? Infinity : Number(max), Math.max(Number(min), next)).toFixed(4));
      this.#changed(onChange);
    }
  }

  #show() {
    this.element.classList.toggle("changed", this.value !== null);
    if (this.slider) {
      this.slider.value = this.input.value || this.slider.min;
      const { min, max, value } = this.slider;
      this.slider.style.setProperty("--filled", `${100 * (value - min) / (max - min)}%`);
    }
  }
}
