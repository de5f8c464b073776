/** Asks the service for images of classes: only those that are shown, a few at a time, and no longer when they are scrolled away. */

const mostAtOnce = 3;

/** Images that pass by while someone scrolls are not asked for, milliseconds. */
const settleTime = 120;

export class Thumbnails {
  #api;
  #images = new Map(); // addresses of images in memory by class id
  #wanted = new Map(); // what is shown and not there yet, by class id
  #running = 0;
  #pausedUntil = 0;

  /** @param {import("./api.js").Api} api */
  constructor(api) {
    this.#api = api;
  }

  /** @returns {string | undefined} The address of an image that is there. */
  of(id) {
    return this.#images.get(id);
  }

  /** Wants an image. @param {(address: string) => void} onImage Called when it is there. */
  want(id, onImage) {
    if (this.#images.has(id)) {
      onImage(this.#images.get(id));
    } else if (!this.#wanted.has(id)) {
      this.#wanted.set(id, { onImage, abort: new AbortController(), isRunning: false, from: performance.now() + settleTime });
      setTimeout(() => this.#next(), settleTime + 1);
    }
  }

  /** Wants it no longer: a request that runs is cancelled, and the service stops drawing. */
  drop(id) {
    this.#wanted.get(id)?.abort.abort();
    this.#wanted.delete(id);
  }

  /** Forgets all images, because another model serves. */
  clear() {
    [...this.#wanted.keys()].forEach((id) => this.drop(id));
    this.#images.forEach((address) => URL.revokeObjectURL(address));
    this.#images.clear();
    this.#pausedUntil = 0;
  }

  #next() {
    const now = performance.now();
    if (now < this.#pausedUntil) {
      return;
    }

    for (const [id, want] of this.#wanted) {
      if (this.#running >= mostAtOnce) {
        return;
      }

      if (!want.isRunning && want.from <= now) {
        this.#load(id, want);
      }
    }
  }

  async #load(id, want) {
    want.isRunning = true;
    this.#running++;
    try {
      const address = URL.createObjectURL(await this.#api.classImage(id, want.abort.signal));
      this.#images.set(id, address);
      want.onImage(address);
    } catch (error) {
      if (error.isTemporary) {
        this.#pause(error.retryAfter);
      }
    } finally {
      this.#running--;
      if (this.#wanted.get(id) === want) {
        want.isRunning = false;
        if (this.#pausedUntil <= performance.now()) {
          this.#wanted.delete(id); // it is there, or failed: then it is asked for when it is shown again
        }
      }

      this.#next();
    }
  }

  #pause(seconds) {
    this.#pausedUntil = performance.now() + 1_000 * seconds;
    setTimeout(() => this.#next(), 1_000 * seconds + 1);
  }
}
