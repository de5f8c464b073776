import { newestFirst, newestThatFit, openStore } from "./history-store.js";

/** The images of the session, which stay in the browser over a reload. Event `change` when there are others. */
export class History extends EventTarget {
  #store = openStore();
  #pictures = [];

  /** @param {EventTarget} studio tells of new pictures */
  constructor(studio) {
    super();
    studio.addEventListener("picture", ({ detail }) => this.#add(detail));
    this.#load();
  }

  /** All images: those of the newest request first, in their order. */
  get pictures() {
    return this.#pictures;
  }

  async clear() {
    this.#use([]);
    await (await this.#store)?.clear().catch(() => {});
  }

  async #load() {
    const kept = await (await this.#store)?.all().catch(() => []) ?? [];
    await this.#keepWhatFits([...this.#pictures, ...kept.filter(({ id }) => !this.#pictures.some((picture) => picture.id === id))]);
  }

  async #add(picture) {
    await Promise.all([
      this.#keepWhatFits([picture, ...this.#pictures].sort(newestFirst)),
      this.#store.then((store) => store?.add(picture)).catch(() => {}), // a full disk costs the history, never the image
    ]);
  }

  async #keepWhatFits(pictures) {
    this.#use(newestThatFit(pictures));
    const store = await this.#store;
    pictures.filter((picture) => !this.#pictures.includes(picture)).forEach((picture) => store?.remove(picture.id).catch(() => {}));
  }

  #use(pictures) {
    this.#pictures = pictures;
    this.dispatchEvent(new Event("change"));
  }
}
