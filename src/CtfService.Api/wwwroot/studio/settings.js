/** The settings of a drawing: fields with the model's defaults, kept for the tab and in the address. */
import { element, icon } from "./element.js";
import { Field } from "./field.js";
import { fromHash, toHash } from "./link.js";
import { tabStorage } from "./storage.js";

const storageName = "ctf-settings";

/** Sampling of one stage. A slider ends where values stop being useful; the field beside it takes all that the service takes. */
const sampling = [
  { key: "guidanceScale", param: "guidance_scale", label: "Guidance scale", min: 1, step: 0.1, slider: 8 },
  { key: "temperature", param: "temperature", label: "Temperature", min: 0, step: 0.05, slider: 2 },
  { key: "topK", param: "top_k", label: "Top-k", min: 0, step: 1 },
  { key: "topP", param: "top_p", label: "Top-p", min: 0.01, max: 1, step: 0.01, slider: 1 },
];

const help = {
  guidanceScale: "How closely images follow the class. 1 turns guidance off and is twice as fast.",
  temperature: "0 always takes the likeliest label, 1 is as trained, more is more varied.",
  topK: "Draws from the k likeliest labels only. 0 means all.",
  topP: "Draws from the likeliest labels that together have this probability. 1 means all.",
  "fine.guidanceScale": "How closely the details follow the class. 1 turns guidance off.",
  "fine.temperature": "0 always takes the likeliest details, 1 is as trained.",
  "fine.topK": "Draws from the k likeliest tokens of each cluster. 0 means all.",
  "fine.topP": "Draws from the likeliest tokens that together have this probability.",
  previews: "How often an image appears while it is drawn.",
};

/** A random seed that every program can hold exactly. */
export function randomSeed() {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  return String(BigInt(high >>> 11) << 32n | BigInt(low));
}

/** The settings that the tab kept. */
function kept() {
  try {
    return JSON.parse(tabStorage.getItem(storageName)) ?? {};
  } catch {
    return {}; // not written by this page
  }
}

/** The panel of settings, the number of images and the seed. */
export class Settings {
  #onChange;
  #fields;
  #seed;
  #lock;
  #isLocked = false;
  #class = { classLabel: null, classId: null };

  /**
   * @param {HTMLElement} panel Gets the sampling.
   * @param {HTMLElement} bar Gets the number of images and the seed.
   * @param {() => void} onChange Called after each change.
   */
  constructor(panel, bar, onChange) {
    this.#onChange = () => {
      this.#save();
      onChange();
    };
    this.#fields = this.#createFields();
    panel.append(
      ...sampling.map(({ key }) => this.#fields[key].element),
      this.#fields.previews.element,
      element("details", { class: "fine", id: "fine" },
        element("summary", {}, "Fine stage"),
        element("p", { class: "help" }, "Draws the details in the finished layout."),
        ...sampling.map(({ key }) => this.#fields[`fine.${key}`].element)));
    bar.append(this.#createCount(), this.#createSeed());
    this.apply(location.hash.length > 1 ? fromHash(location.hash) : kept());
  }

  /** @returns {object} The settings of now; null stands for the model's default. */
  value() {
    const value = (key) => this.#fields[key].value;
    const stage = (prefix) => Object.fromEntries(sampling.map(({ key }) => [key, value(`${prefix}${key}`)]));
    return {
      ...this.#class,
      n: value("n") ?? this.#fields.n.fallback,
      seed: /^\d+$/.test(this.#seed.value.trim()) ? this.#seed.value.trim() : null,
      isSeedLocked: this.#isLocked,
      ...stage(""),
      fine: stage("fine."),
      previews: value("previews") ?? this.#fields.previews.fallback,
      format: "png",
    };
  }

  /** Fills the form in; settings that are undefined stay. */
  apply(settings) {
    for (const [path, field] of Object.entries(this.#fields)) {
      const value = path.split(".").reduce((part, key) => part?.[key], settings);
      if (value !== undefined) {
        field.value = value;
      }
    }

    if (settings.classLabel !== undefined && settings.classLabel !== null) {
      this.#class = { classLabel: settings.classLabel, classId: settings.classId ?? null };
    }

    if (settings.seed !== undefined) {
      this.#seed.value = settings.seed ?? "";
    }

    document.getElementById("fine").open ||= Object.values(this.value().fine).some((value) => value !== null);
    this.#setLock(settings.isSeedLocked ?? this.#isLocked);
    this.#onChange();
  }

  /** Takes the defaults of a model and the limits of the service. */
  setModel(model, limits) {
    for (const { key, param } of sampling) {
      this.#fields[key].setFallback(model.defaults.coarse[param]);
      this.#fields[`fine.${key}`].setFallback(model.defaults.fine?.[param] ?? null);
      for (const field of [this.#fields[key], this.#fields[`fine.${key}`]]) {
        field.input.max = limits[param] ?? field.input.max;
      }
    }

    this.#fields.n.input.max = limits.n;
    document.getElementById("fine").hidden = !model.has_fine_stage;
    this.#onChange();
  }

  /** Shows a problem beside the field that it names. @returns {boolean} Whether there is such a field. */
  mark({ param, message }) {
    const name = param?.replace(/^fine_/, "fine.");
    const field = Object.values(this.#fields).find((candidate) => candidate.param === name);
    field?.mark(message);
    if (field) {
      for (let part = field.element.closest("details"); part; part = part.parentElement.closest("details")) {
        part.open = true;
      }

      field.input.focus();
    }

    return field !== undefined;
  }

  #createFields() {
    const create = (key, spec) => new Field({ id: `set-${key.replace(".", "-")}`, text: help[key] ?? "", ...spec }, this.#onChange);
    return Object.fromEntries([
      ["n", create("n", { param: "n", label: "Images", min: 1, step: 1, fallback: 4 })],
      ...["", "fine."].flatMap((prefix) =>
        sampling.map((spec) => [`${prefix}${spec.key}`, create(`${prefix}${spec.key}`, { ...spec, param: `${prefix}${spec.param}` })])),
      ["previews", create("previews", { param: "partial_images", label: "Previews", min: 0, max: 3, step: 1, slider: 3, fallback: 3 })],
    ]);
  }

  #createCount() {
    const field = this.#fields.n;
    const by = (change, name, label) => element("button", {
      type: "button", class: "icon-button", "aria-label": label, onclick: () => {
        field.input.value = Math.min(Number(field.input.max || 16), Math.max(1, Math.round(Number(field.input.value) || 1) + change));
        field.mark("");
        this.#onChange();
      },
    }, icon(name));
    return element("div", { class: "count" },
      element("label", { for: field.input.id }, "Images"),
      element("div", { class: "joined" }, by(-1, "minus", "One image less"), field.input, by(1, "plus", "One image more")), field.problem);
  }

  #createSeed() {
    this.#seed = element("input", {
      id: "set-seed", inputMode: "numeric", autocomplete: "off", spellcheck: false, placeholder: "random", maxLength: 20, pattern: "[0-9]*",
      oninput: () => this.#setLock(this.#seed.value.trim() !== "") || this.#onChange(),
    });
    this.#lock = element("button", {
      type: "button", class: "icon-button", onclick: () => {
        this.#seed.value ||= randomSeed();
        this.#setLock(!this.#isLocked);
        this.#onChange();
      },
    });
    const shuffle = element("button", {
      type: "button", class: "icon-button", title: "Take another seed", "aria-label": "Take another seed", onclick: () => {
        this.#seed.value = randomSeed();
        this.#onChange();
      },
    }, icon("shuffle"));
    return element("div", { class: "seed" },
      element("label", { for: "set-seed" }, "Seed"), element("div", { class: "joined" }, this.#seed, shuffle, this.#lock));
  }

  #setLock(isLocked) {
    this.#isLocked = isLocked;
    this.#lock.replaceChildren(icon(isLocked ? "lock" : "unlock"));
    this.#lock.setAttribute("aria-pressed", isLocked);
    this.#lock.setAttribute("aria-label", "Keep this seed");
    this.#lock.title = isLocked ? "Locked: the same settings draw the same images" : "Not locked: each drawing takes another seed";
  }

  #save() {
    const settings = this.value();
    tabStorage.setItem(storageName, JSON.stringify(settings));
    const hash = `#${toHash(settings)}`;
    if (hash !== location.hash) {
      history.replaceState(null, "", hash);
    }
  }
}
