/** How far a request is and how long it still takes, from the events that have arrived. */

/** An image counts as this much done when its last preview, which shows the whole layout, is there. */
const layoutShare = 0.9;

/** Milliseconds for an image of the last request, by which the next one is judged before its first event. */
let pace = null;

export class Progress {
  #started = performance.now();
  #images;
  #previews;
  #latest = null; // when the last event came, and what was done then

  /** @param {number} images @param {number} previews Previews of each image. */
  constructor(images, previews) {
    this.#images = Array(images).fill(0);
    this.#previews = previews;
  }

  /** Preview i of n is there when i/n of the labels are drawn. */
  previewed(image, index) {
    this.#advance(image, layoutShare * (index + 1) / this.#previews);
  }

  finished(image) {
    this.#advance(image, 1);
    if (this.done === 1) {
      pace = (performance.now() - this.#started) / this.#images.length;
    }
  }

  /** @returns {number} What is done, 0 to 1. */
  get done() {
    return this.#images.reduce((sum, part) => sum + part, 0) / this.#images.length;
  }

  /** @returns {number | null} Seconds that are left; null while nothing was measured. */
  get left() {
    const now = performance.now();
    if (this.#latest) {
      const whole = (this.#latest.time - this.#started) / this.#latest.done;
      return Math.max(0, whole - (now - this.#started)) / 1_000;
    }

    return pace === null ? null : Math.max(0, pace * this.#images.length - (now - this.#started)) / 1_000;
  }

  #advance(image, part) {
    this.#images[image] = Math.max(this.#images[image] ?? 0, part);
    this.#latest = { time: performance.now(), done: this.done };
  }
}

/** @param {number} seconds @returns {string} Such as "12 s", "2 min 5 s" or "3 h 20 min". */
export function duration(seconds) {
  const whole = Math.max(1, Math.ceil(seconds));
  const minutes = Math.floor(whole / 60);
  return whole < 60 ? `${whole} s` : minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
