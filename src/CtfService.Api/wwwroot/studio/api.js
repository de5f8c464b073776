/**
 * Talks to the service. The only module that calls `fetch`: it sends the key, reads errors and events, and keeps 64-bit seeds exact.
 * docs/openapi.json describes all routes.
 */
import { tabStorage } from "./storage.js";

/** Name of the key in sessionStorage: it lives as long as the tab, and never appears in an address. */
const keyName = "ctf-key";

/** What the service, or the way to it, answered instead of a result. */
export class ApiError extends Error {
  /**
   * @param {number} status HTTP status; 0 if there was no answer.
   * @param {{message: string, code?: string, param?: string, details?: object[]}} error Body of the error.
   * @param {number | null} retryAfter Seconds after which the request may be sent again; null if that would not help.
   */
  constructor(status, error, retryAfter = null) {
    super(error.message);
    this.name = "ApiError";
    this.status = status;
    this.code = error.code ?? null;
    this.param = error.param ?? null;
    this.problems = error.details ?? [{ message: error.message, param: this.param }];
    this.retryAfter = retryAfter;
  }

  /** Whether the same request can succeed later: the service is full, or is loading its model. */
  get isTemporary() {
    return (this.status === 429 || this.status === 503) && this.retryAfter !== null;
  }
}

/** Parses JSON, with seeds as strings of digits: a JavaScript number holds 53 bits of their 64. */
export function parse(text) {
  return JSON.parse(text.replace(/("seed"\s*:\s*)(\d+)/g, '$1"$2"'));
}

export class Api {
  /** Model to use if the service has several behind one address; null for its choice. */
  model = null;

  /**
   * @param {(error: ApiError) => Promise<string | null>} askForKey Asks the person for a key; returns null if there is none.
   */
  constructor(askForKey) {
    this.askForKey = askForKey;
  }

  get key() {
    return tabStorage.getItem(keyName);
  }

  set key(key) {
    if (key) {
      tabStorage.setItem(keyName, key);
    } else {
      tabStorage.removeItem(keyName);
    }
  }

  /** @returns {Promise<object[]>} The loaded model; several behind a gateway. */
  async models(signal) {
    return (await this.#json("GET", "/v1/models", { signal })).data;
  }

  /** @returns {Promise<{id: number, name: string}[]>} */
  async classes(signal) {
    return (await this.#json("GET", "/v1/classes", { signal })).data;
  }

  /** @returns {Promise<Blob>} A picture of the class, the same at every call. The browser keeps it and asks whether it is still valid. */
  async classImage(id, signal) {
    const response = await this.#send("GET", `/v1/classes/${id}/image`, { signal, headers: { Accept: "image/webp,image/*" } });
    return response.blob();
  }

  /** @returns {Promise<object>} Devices, the queue, and limits of requests. */
  status(signal) {
    return this.#json("GET", "/v1/status", { signal });
  }

  /**
   * Draws images.
   * @param {object} body Fields of POST /v1/images/generations.
   * @param {(name: string, event: object) => void} onEvent Called for each preview and each finished image.
   */
  generate(body, onEvent, signal) {
    return this.#stream("/v1/images/generations", JSON.stringify({ ...this.#model(), ...body, stream: true }), onEvent, signal);
  }

  /** Draws new details in a layout. @returns {Promise<object>} */
  redetail(body, signal) {
    return this.#json("POST", "/v1/images/redetail", { body: JSON.stringify({ ...this.#model(), ...body }), signal });
  }

  /** Draws new details in the layout of a picture. @param {FormData} form @returns {Promise<object>} */
  vary(form, signal) {
    return this.#json("POST", "/v1/images/variations", { body: form, signal });
  }

  /** Draws a part of a picture anew. @param {FormData} form */
  edit(form, onEvent, signal) {
    form.set("stream", "true");
    return this.#stream("/v1/images/edits", form, onEvent, signal);
  }

  /**
   * Draws one image as a file of a format.
   * @param {string} route Last segment of the path below /v1/images.
   * @param {string | FormData} body JSON or a form; `n` is 1.
   * @param {string} mediaType
   * @returns {Promise<Blob>}
   */
  async file(route, body, mediaType, signal) {
    return (await this.#send("POST", `/v1/images/${route}`, { body, signal, headers: { Accept: mediaType } })).blob();
  }

  #model() {
    return this.model ? { model: this.model } : {};
  }

  async #json(method, path, options) {
    const response = await this.#send(method, path, options);
    return parse(await response.text());
  }

  /** Reads server-sent events until the service says that it is done. */
  async #stream(path, body, onEvent, signal) {
    const response = await this.#send("POST", path, { body, signal, headers: { Accept: "text/event-stream, application/json" } });
    for await (const { name, data } of events(response.body)) {
      if (data === "[DONE]") {
        return;
      }

      const content = parse(data);
      if (name === "error") {
        throw new ApiError(response.status, content.error);
      }

      onEvent(name, content);
    }

    throw lost();
  }

  async #send(method, path, { body, signal, headers = {} } = {}) {
    const send = () => fetch(path, {
      method,
      body,
      signal,
      headers: {
        ...(typeof body === "string" && { "Content-Type": "application/json" }),
        ...(this.model && { "X-Model": this.model }),
        ...(this.key && { Authorization: `Bearer ${this.key}` }),
        ...headers,
      },
    });
    let response = await answer(send);
    while (response.status === 401) {
      const refused = this.key;
      const error = await errorOf(response);
      const key = await this.askForKey(error, refused);
      if (!key) {
        throw error;
      }

      response = await answer(send);
    }

    if (!response.ok) {
      throw await errorOf(response);
    }

    return response;
  }
}

async function answer(send) {
  try {
    return await send();
  } catch (error) {
    throw error.name === "AbortError" ? error : lost();
  }
}

const lost = () => new ApiError(0, { message: "The service does not answer. Check that it runs and that this computer can reach it.", code: "no_answer" });

async function errorOf(response) {
  const seconds = Number.parseFloat(response.headers.get("Retry-After"));
  const retryAfter = Number.isFinite(seconds) ? seconds : null;
  try {
    return new ApiError(response.status, (await response.json()).error, retryAfter);
  } catch {
    return new ApiError(response.status, { message: `The service answered ${response.status} ${response.statusText}.` }, retryAfter);
  }
}

/** Splits a body into server-sent events. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) {
        return;
      }

      text += value;
      const blocks = text.split("\n\n");
      text = blocks.pop();
      for (const block of blocks) {
        const fields = block.split("\n").map((line) => /^(event|data): ?(.*)$/.exec(line)).filter(Boolean);
        const data = fields.filter((field) => field[1] === "data").map((field) => field[2]).join("\n");
        if (data) {
          yield { name: fields.find((field) => field[1] === "event")?.[2] ?? "message", data };
        }
      }
    }
  } catch (error) {
    throw error.name === "AbortError" ? error : lost();
  } finally {
    reader.cancel().catch(() => {});
  }
}
