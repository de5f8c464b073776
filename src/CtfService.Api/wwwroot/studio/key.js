/** The key of a service that needs one: asked for once, kept for the tab, forgotten on request. */
import { element } from "./element.js";

export class KeyDialog {
  /** Why there is nothing without a key. */
  static missing = "This service asks for a key. Its operator gives keys out.";

  #api = null;
  #asking = null;
  #isDeclined = false;
  #dialog;
  #message;
  #input;
  #answer = () => {};

  /** @param {() => void} onChange Called when a key was entered or forgotten. */
  constructor(onChange) {
    this.onChange = onChange;
    this.#message = element("p", { id: "key-message" });
    this.#input = element("input", {
      id: "key", type: "password", autocomplete: "off", spellcheck: false, required: true, pattern: "[!-~]+", title: "letters, digits and punctuation",
      "aria-describedby": "key-message", placeholder: "ctf_...",
    });
    this.#dialog = element("dialog", { class: "dialog", id: "key-dialog", "aria-labelledby": "key-title" },
      element("form", { onsubmit: (event) => this.#submit(event) },
        element("h2", { id: "key-title" }, "API key"),
        this.#message,
        element("label", { for: "key" }, "Key"), this.#input,
        element("p", { class: "help" }, "It is kept in this tab only, and sent to this service only."),
        element("div", { class: "buttons" },
          element("button", { type: "button", class: "button", onclick: () => this.#end(null) }, "Cancel"),
          element("button", { type: "submit", class: "button primary" }, "Use the key"))));
    this.#dialog.addEventListener("cancel", () => this.#end(null));
    document.body.append(this.#dialog);
  }

  /** @param {import("./api.js").Api} api Keeps the key. */
  attach(api) {
    this.#api = api;
  }

  /** Lets the service ask again after the person has declined; call it when the person starts something. */
  permit() {
    this.#isDeclined = false;
  }

  /**
   * Asks for the key, once for all requests that need one.
   * @param {{message: string}} error What the service said.
   * @param {string | null} refused The key that it refused.
   * @returns {Promise<string | null>} Null if the person has none.
   */
  ask(error, refused) {
    if (this.#api.key !== refused) {
      return Promise.resolve(this.#api.key); // another request asked in the meantime
    }

    if (this.#isDeclined) {
      return Promise.resolve(null);
    }

    this.#asking ??= this.#show(error.code === "missing_api_key" ? KeyDialog.missing : error.message);
    return this.#asking;
  }

  /** Opens the dialog because the person wants to enter, change or forget a key. */
  open() {
    if (this.#api.key) {
      this.#api.key = null;
      this.#isDeclined = true; // whoever forgets a key does not want to be asked for it
      this.onChange();
    } else {
      this.permit();
      this.#asking ??= this.#show("A key is needed if the service asks for one. Its operator gives keys out.");
    }
  }

  #show(message) {
    this.#message.textContent = message;
    this.#input.value = "";
    this.#dialog.showModal();
    return new Promise((resolve) => { this.#answer = resolve; });
  }

  #submit(event) {
    event.preventDefault();
    this.#end(this.#input.value.trim() || null);
  }

  #end(key) {
    this.#dialog.close();
    this.#asking = null;
    this.#isDeclined = key === null;
    if (key) {
      this.#api.key = key;
    }

    this.#input.value = "";
    this.#answer(key);
    if (key) {
      this.onChange();
    }
  }
}
