import { element, icon } from "./element.js";
import { switchTheme, theme } from "./theme.js";

const colours = { auto: "as the system", light: "light", dark: "dark" };

/** The buttons at the top of the page, and the choice of a model where there are several. */
export class Tools {
  #studio;
  #key;

  /**
   * @param {object} studio
   * @param {import("./key.js").KeyDialog} keys
   * @param {() => void} chooseFile Asks for a picture.
   */
  constructor(studio, keys, chooseFile) {
    this.#studio = studio;
    const tool = (name, text, title, onclick) =>
      element("button", { type: "button", class: "button quiet tool", title, onclick }, icon(name), element("span", {}, text));
    const colour = element("button", { type: "button", class: "icon-button", onclick: () => { switchTheme(); describe(colour, `Colours: ${colours[theme()]}`); } },
      icon("theme"));
    describe(colour, `Colours: ${colours[theme()]}`);
    this.#key = element("button", { type: "button", class: "icon-button", onclick: () => keys.open() }, icon("key"));
    this.showKey(studio.api.key !== null);
    document.getElementById("tools").append(
      tool("history", "History", "The images of this session",
        () => studio.later(import("./history-dialog.js"), ({ openHistory }) => openHistory(studio, studio.history))),
      tool("picture", "Open a picture", "For its settings, variations or an edit; you can also drop or paste one", chooseFile),
      tool("code", "Code", "These settings as curl, JavaScript and C#",
        () => studio.later(import("./snippets.js"), ({ openSnippets }) => openSnippets(studio))),
      this.#key, colour, element("a", { class: "button quiet", href: "/swagger" }, "API"));
  }

  /** @param {boolean} hasKey Whether the tab has a key, which can be forgotten. */
  showKey(hasKey) {
    describe(this.#key, hasKey ? "Forget the key" : "Enter a key");
    this.#key.setAttribute("aria-pressed", hasKey);
  }

  /** Lets people choose among the models behind a gateway. */
  showModels(models, chosen) {
    const { api } = this.#studio;
    const choice = element("select", {
      "aria-label": "Model", id: "model", hidden: models.length < 2, onchange: () => { api.model = choice.value; this.#studio.load(); },
    }, ...models.map(({ id }) => element("option", { value: id, selected: id === chosen.id }, id)));
    document.getElementById("model")?.remove();
    document.getElementById("status").before(choice);
  }
}

function describe(button, text) {
  button.title = text;
  button.setAttribute("aria-label", text);
}
