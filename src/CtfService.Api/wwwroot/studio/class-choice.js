import { element } from "./element.js";

/**
 * Creates a field for a class, with suggestions. A name that the model does not have gets the service's own answer.
 * @param {{ name: string }[]} classes
 * @param {string | null} value
 * @param {string} [label]
 * @returns {HTMLElement} a label; `value` of its input is the name
 */
export function createClassChoice(classes, value, label = "Class") {
  const id = `classes-${Math.random().toString(36).slice(2)}`;
  const input = element("input", { type: "text", required: true, autocomplete: "off", value: value ?? "" });
  input.setAttribute("list", id);
  input.addEventListener("focus", () => input.select()); // so that all suggestions show
  const names = element("datalist", { id }, ...classes.map(({ name }) => element("option", { value: name })));
  return { element: element("label", { class: "class-choice" }, label, input, names), input };
}
