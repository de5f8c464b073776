/** The page: creates its parts and connects them. The only module that knows all others. */
import { Api } from "./api.js";

class Studio extends EventTarget {
  api = new Api(async () => null);

  #say = document.getElementById("say");

  /** Tells people what happened; screen readers read it. */
  say(message) {
    this.#say.textContent = message;
  }
}

export const studio = new Studio();
