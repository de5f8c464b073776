/** Which model serves, on what, and how full the queue is. Asks now and then, only while the page is visible. */
import { element } from "./element.js";
import { duration } from "./progress.js";

const whenIdle = 15_000;
const whenBusy = 3_000;

const colours = { ready: "good", loading: "wait" };

export class Status {
  #host;
  #api;
  #isBusy;
  #onStatus;
  #timer = null;
  #abort = null;

  /**
   * @param {HTMLElement} host
   * @param {import("./api.js").Api} api
   * @param {{isBusy: () => boolean, onStatus: (status: object) => void}} page Whether a request of the page runs; called with each answer.
   */
  constructor(host, api, { isBusy, onStatus }) {
    this.#host = host;
    this.#api = api;
    this.#isBusy = isBusy;
    this.#onStatus = onStatus;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#stop() : this.refresh()));
  }

  /** Asks now, and then regularly. */
  async refresh() {
    this.#stop();
    const abort = this.#abort = new AbortController();
    let pause = this.#isBusy() ? whenBusy : whenIdle;
    try {
      const status = await this.#api.status(abort.signal);
      this.#show(status);
      this.#onStatus(status);
    } catch (error) {
      if (abort.signal.aborted) {
        return;
      }

      pause = Math.max(pause, 1_000 * (error.retryAfter ?? 0));
      this.#write("bad", error.status === 0 ? "No answer" : error.status === 401 ? "A key is needed" : "No status", error.message);
    }

    if (!document.hidden) {
      this.#timer = setTimeout(() => this.refresh(), pause);
    }
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  #show({ status, model, reason, devices, queue }) {
    const ready = devices.filter((device) => device.status === "ready").map((device) => device.name);
    const isFull = queue.images_waiting >= queue.capacity;
    const load = status !== "ready" ? status
      : queue.images_waiting > 0 ? `${queue.images_waiting} of ${queue.capacity} places taken, about ${duration(queue.wait_seconds)} to wait`
      : queue.images_running > 0 ? `draws ${queue.images_running}`
      : "free";
    const places = `${Math.max(0, queue.capacity - queue.images_waiting)} of ${queue.capacity} places in the queue are free`;
    this.#write(
      isFull ? "wait" : colours[status] ?? "bad",
      [model, shorten(ready), load].filter(Boolean).join(" · "),
      reason ?? `Model ${model} on ${ready.join(", ")}. ${places}, ${queue.images_running} images are being drawn.`);
  }

  #write(colour, text, title) {
    this.#host.dataset.state = colour;
    this.#host.title = title;
    this.#host.replaceChildren(element("span", { class: "dot" }), element("span", { class: "status-text" }, text));
  }
}

/** "cpu", or "8 x cuda" for many devices of a kind. */
function shorten(names) {
  const kinds = Map.groupBy(names, (name) => name.split(":")[0]);
  return names.length <= 2 ? names.join(", ") : [...kinds].map(([kind, all]) => `${all.length} x ${kind}`).join(", ");
}
