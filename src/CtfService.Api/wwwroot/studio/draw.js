/** Requests for images, one after another: each waits for its turn and for a full service, shows previews, and ends in pictures. */
import { ApiError } from "./api.js";
import { Progress } from "./progress.js";
import { requestFor, toForm } from "./request.js";

/** @returns {Blob} */
function toBlob(base64, mediaType) {
  const text = atob(base64);
  return new Blob([Uint8Array.from(text, (letter) => letter.charCodeAt(0))], { type: mediaType });
}

/**
 * The request of a route, which also asks for the layout of each image: new details can be drawn in it later.
 * @returns {import("./request.js").ImageRequest}
 */
function requestOf({ settings, model }, how) {
  const request = requestFor(model.has_fine_stage ? settings : { ...settings, fine: {} }, how);
  return { ...request, fields: { ...request.fields, output_format: settings.format, ...(model.has_fine_stage && { include: ["layout"] }) } };
}

/** The requests that the routes of the API take. Each sends one and tells `on` what arrives. */
export const routes = {
  generations: (request, api, on, signal) =>
    api.generate({ ...requestOf(request).fields, partial_images: request.settings.previews }, on, signal),

  redetail: async (request, api, on, signal) =>
    finishAll(await api.redetail(requestOf(request, { route: "redetail", layout: request.picture.layout }).fields, signal), on),

  variations: async (request, api, on, signal) =>
    finishAll(await api.vary(toForm(requestOf(request, { route: "variations", files: filesOf(request) })), signal), on),

  edits: (request, api, on, signal) => {
    const form = toForm(requestOf(request, { route: "edits", files: filesOf(request) }));
    form.set("partial_images", request.settings.previews);
    return api.edit(form, on, signal);
  },
};

const filesOf = ({ source }) => ({ image: source.file, mask: source.mask });

/** A response in one piece, as the events of a stream. */
function finishAll(response, on) {
  response.data.forEach((entry, index) => on(".completed", { ...entry, image_index: index, output_format: response.output_format, size: response.size }));
}

/** The number of images to expect; what is out of range, the service refuses. */
const expected = (n) => Math.min(1_000, Math.max(1, Math.floor(n) || 1));

export class Requests {
  #studio;
  #results;
  #last = Promise.resolve();
  #running = 0;

  /** @param {object} studio @param {import("./results.js").Results} results */
  constructor(studio, results) {
    this.#studio = studio;
    this.#results = results;
  }

  /** @returns {boolean} Whether a request runs or waits. */
  get isBusy() {
    return this.#running > 0;
  }

  /**
   * Starts a request when those before it have ended.
   * @param {{route: string, title: string, settings: object, model: object, source?: object, picture?: object}} request
   * @returns {Promise<object[]>} Its pictures; fewer than asked for if it failed or was cancelled.
   */
  async start(request) {
    request.count = expected(request.settings.n);
    this.#running++;
    request.startedAt = Date.now();
    const abort = new AbortController();
    const group = this.#results.begin(request, () => abort.abort());
    const before = this.#last;
    const run = (async () => {
      await Promise.race([before, aborted(abort.signal)]);
      return this.#run(request, group, abort.signal);
    })();
    this.#last = Promise.all([before, run.catch(() => {})]);
    try {
      return await run;
    } finally {
      this.#running--;
    }
  }

  async #run(request, group, signal) {
    const pictures = [];
    while (!signal.aborted) {
      const progress = new Progress(request.count, request.route === "redetail" || request.route === "variations" ? 0 : request.settings.previews);
      group.start(progress);
      try {
        await routes[request.route](request, this.#studio.api, (name, event) => this.#receive(name, event, request, group, progress, pictures), signal);
        group.end();
        return pictures;
      } catch (error) {
        if (signal.aborted) {
          break;
        }

        if (!(error instanceof ApiError)) {
          throw error;
        }

        if (!error.isTemporary || pictures.length > 0) {
          this.#fail(error, request, group);
          return pictures;
        }

        await group.wait(error, signal);
      }
    }

    group.cancel(pictures.length);
    return pictures;
  }

  #receive(name, event, request, group, progress, pictures) {
    if (name.endsWith(".partial_image")) {
      progress.previewed(event.image_index, event.partial_image_index);
      group.preview(event.image_index, `data:image/${event.output_format};base64,${event.b64_json}`);
    } else if (name.endsWith(".completed")) {
      progress.finished(event.image_index);
      const picture = toPicture(event, request);
      pictures.push(picture);
      group.finish(event.image_index, picture);
      this.#studio.dispatchEvent(new CustomEvent("picture", { detail: picture }));
    }
  }

  #fail(error, request, group) {
    const marked = request.route === "generations" && error.problems.map((problem) => this.#studio.mark(problem)).some(Boolean);
    group.fail(error, marked ? null : () => this.start(request));
  }
}

function toPicture(event, request) {
  const mediaType = `image/${event.output_format}`;
  return {
    id: crypto.randomUUID(),
    file: toBlob(event.b64_json, mediaType),
    mediaType,
    classId: event.class_id ?? null,
    classLabel: event.class_label ?? null,
    seed: event.seed,
    route: request.route,
    settings: structuredClone(request.settings),
    layout: event.layout ?? null,
    size: event.size,
    model: request.model.id,
    createdAt: request.startedAt,
    index: event.image_index,
    source: request.source ?? null,
  };
}

/** Ends when the signal does. */
const aborted = (signal) => new Promise((resolve) => {
  signal.aborted ? resolve() : signal.addEventListener("abort", resolve, { once: true });
});
