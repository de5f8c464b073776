/** Requests for images, one after another: each waits for its turn and for a full service, shows previews, and ends in pictures. */
import { ApiError } from "./api.js";
import { Progress } from "./progress.js";

/** @returns {Blob} */
function toBlob(base64, mediaType) {
  const text = atob(base64);
  return new Blob([Uint8Array.from(text, (letter) => letter.charCodeAt(0))], { type: mediaType });
}

/** The fields of a request in JSON: settings that are not the model's default. */
function fields(settings, hasFineStage) {
  const stage = (values) => withoutNulls({
    guidance_scale: values.guidanceScale, temperature: values.temperature, top_k: values.topK, top_p: values.topP,
  });
  const fine = stage(settings.fine ?? {});
  return withoutNulls({
    class_label: settings.classLabel,
    n: settings.n,
    seed: settings.seed, // a string of digits, which the service takes for seeds of 64 bits
    ...stage(settings),
    fine: hasFineStage && Object.keys(fine).length > 0 ? fine : null,
    include: hasFineStage ? ["layout"] : null,
    output_format: settings.format,
  });
}

/** The same fields in a form. @param {boolean} drawsLayout Whether the coarse stage runs. */
function form(settings, hasFineStage, drawsLayout) {
  const { fine, include, guidance_scale, temperature, top_k, top_p, ...others } = fields(settings, hasFineStage);
  const made = new FormData();
  const coarse = drawsLayout ? withoutNulls({ guidance_scale, temperature, top_k, top_p }) : {};
  for (const [name, value] of Object.entries({ ...others, ...coarse })) {
    made.set(name, value);
  }

  Object.entries(fine ?? {}).forEach(([name, value]) => made.set(`fine_${name}`, value));
  include?.forEach((name) => made.append("include", name));
  return made;
}

const withoutNulls = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null && value !== undefined));

/** The requests that the routes of the API take. Each sends one and tells `on` what arrives. */
export const routes = {
  generations: ({ settings, model }, api, on, signal) =>
    api.generate({ ...fields(settings, model.has_fine_stage), partial_images: settings.previews }, on, signal),

  redetail: async ({ settings, picture }, api, on, signal) => {
    const { class_label, n, seed, fine, include, output_format } = fields(settings, true);
    finishAll(await api.redetail({ layout: picture.layout, ...withoutNulls({ class_label, n, seed, fine, include, output_format }) }, signal), on);
  },

  variations: async ({ settings, model, source }, api, on, signal) => {
    const made = form(settings, model.has_fine_stage, false);
    made.set("image", source.file);
    finishAll(await api.vary(made, signal), on);
  },

  edits: ({ settings, model, source }, api, on, signal) => {
    const made = form(settings, model.has_fine_stage, true);
    made.set("image", source.file, "image.png");
    if (source.mask) {
      made.set("mask", source.mask, "mask.png");
    }

    made.set("partial_images", settings.previews);
    return api.edit(made, on, signal);
  },
};

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
    createdAt: Date.now(),
    source: request.source ?? null,
  };
}

/** Ends when the signal does. */
const aborted = (signal) => new Promise((resolve) => {
  signal.aborted ? resolve() : signal.addEventListener("abort", resolve, { once: true });
});
