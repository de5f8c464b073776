/** The page: creates its parts and connects them. The only module that knows all others. */
import { Api } from "./api.js";
import { Bar } from "./bar.js";
import { Classes, shown } from "./classes.js";
import { Requests } from "./draw.js";
import { initDrop } from "./drop.js";
import { History } from "./history.js";
import { KeyDialog } from "./key.js";
import { fromHash } from "./link.js";
import { Results } from "./results.js";
import { randomSeed, Settings } from "./settings.js";
import { Status } from "./status.js";
import { Tools } from "./tools.js";

const byId = (id) => document.getElementById(id);

/** What the parts of the page share. Events: `picture` (detail: the picture) when one is finished; `settings` when a setting changes. */
class Studio extends EventTarget {
  #keys = new KeyDialog(() => this.#keyChanged());
  #model = null;
  #limits = { n: 16, guidance_scale: 20, temperature: 10 };
  #loads = 0;

  constructor() {
    super();
    this.api = new Api((error, refused) => this.#keys.ask(error, refused));
    this.#keys.attach(this.api);
    this.bar = new Bar(byId("bar"), () => this.draw());
    this.form = new Settings(byId("settings"), this.bar.settings, () => this.#settingsChanged());
    this.classes = new Classes(byId("classes"), this.api, { onSelect: (entry) => this.#select(entry), onDraw: () => this.draw() });
    this.results = new Results(byId("results"), this);
    this.requests = new Requests(this, this.results);
    this.status = new Status(byId("status"), this.api, { isBusy: () => this.requests.isBusy, onStatus: (status) => this.#statusChanged(status) });
    this.history = new History(this);
    this.tools = new Tools(this, this.#keys, initDrop(this));
  }

  /** The model that serves, as GET /v1/models describes it; null while none is known. */
  get model() {
    return this.#model;
  }

  /** @returns {object} The settings of now. */
  settings() {
    return this.form.value();
  }

  /** Fills settings in; those that are undefined stay. */
  applySettings(settings) {
    this.form.apply(settings);
    const entry = settings.classLabel === undefined || settings.classLabel === null ? null : this.classes.find(settings.classLabel);
    if (entry) {
      this.classes.select(entry);
    }
  }

  /** Marks the field that a problem names. @returns {boolean} Whether there is one. */
  mark(problem) {
    return this.form.mark(problem);
  }

  /** Keeps a seed for the next drawings. */
  lockSeed(seed) {
    this.form.apply({ seed, isSeedLocked: true });
    this.say(`The seed ${seed} is locked.`);
  }

  /**
   * Draws images of the class.
   * @param {object} partial Settings that differ from those of the form; null as the seed for a new one.
   * @returns {Promise<object[]>} The pictures.
   */
  draw(partial = {}) {
    return this.#start("generations", this.#complete(partial));
  }

  /** Draws new details in the layout of a picture. */
  redetail(picture, partial = {}) {
    return this.#start("redetail", this.#complete({ classLabel: picture.classLabel, classId: picture.classId, seed: null, ...partial }), { picture });
  }

  /** Draws new details in the layout of any picture. @param {Blob} file */
  vary(file, partial = {}) {
    return this.#start("variations", this.#complete({ seed: null, ...partial }), { source: { file, mask: null } });
  }

  /** Draws a part of a picture anew. @param {Blob} file @param {Blob | null} mask A PNG whose transparent pixels are drawn; null to use the picture's own. */
  edit(file, mask, partial = {}) {
    return this.#start("edits", this.#complete({ seed: null, ...partial }), { source: { file, mask } });
  }

  /** Repeats a request with the next seed. */
  again(request) {
    const settings = { ...request.settings, seed: randomSeed() };
    return this.#start(request.route, settings, { source: request.source, picture: request.picture });
  }

  /** Shows a picture large. */
  open(picture) {
    this.later(import("./viewer.js"), ({ openViewer }) => openViewer(this, picture, this.history.pictures));
  }

  /** Runs a part of the page that is loaded when it is needed. @param {Promise<object>} part Its module. @param {(module: object) => void} run */
  later(part, run) {
    part.then(run, () => this.results.notice("This part of the page could not be loaded. Check that the service runs, and try again."));
  }

  /** Tells people what happened; screen readers read it. */
  say(message) {
    byId("say").textContent = message;
  }

  /** Reads the model and its classes. Waits by itself while the service loads a model. */
  async load() {
    const load = ++this.#loads;
    this.status.refresh();
    try {
      const models = await this.api.models();
      const model = models.find(({ id }) => id === this.api.model) ?? models[0];
      this.api.model = models.length > 1 ? model.id : null;
      const classes = await this.api.classes();
      if (load === this.#loads) {
        this.tools.showModels(models, model);
        this.#use(model, classes);
      }
    } catch (error) {
      if (load !== this.#loads) {
        return;
      }

      if (error.isTemporary) {
        this.results.notice(error.message);
        setTimeout(() => load === this.#loads && this.load(), 1_000 * error.retryAfter);
      } else {
        const needsKey = error.status === 401;
        this.results.notice(needsKey ? KeyDialog.missing : error.message, {
          label: needsKey ? "Enter a key" : "Try again",
          run: () => { this.#keys.permit(); this.load(); },
        });
      }
    }
  }

  #use(model, classes) {
    const [width, height] = model.size.split("x").map(Number);
    document.documentElement.style.setProperty("--ratio", `${width} / ${height}`);
    this.#model = model;
    this.results.notice("");
    this.form.setModel(model, this.#limits);
    this.classes.set(classes, { width, height });
    const { classLabel } = this.settings();
    this.classes.select((classLabel !== null && this.classes.find(classLabel)) || this.classes.find(0));
  }

  #start(route, settings, extra = {}) {
    if (!this.#model) {
      this.load();
      return Promise.resolve([]);
    }

    this.#keys.permit();
    const request = { route, settings, model: this.#model, title: settings.classLabel === null ? "picture" : shown(settings.classLabel), ...extra };
    const pictures = this.requests.start(request);
    this.status.refresh();
    return pictures.finally(() => this.status.refresh());
  }

  /** The settings of a request: those of the form with other values, and a new seed if none is locked or given. */
  #complete(partial) {
    const settings = { ...this.settings(), ...partial };
    if (partial.seed === undefined && (!settings.isSeedLocked || settings.seed === null)) {
      settings.seed = randomSeed();
      this.form.apply({ seed: settings.seed }); // for the next look: it can be locked
    }

    settings.seed ??= randomSeed();
    return settings;
  }

  #select(entry) {
    this.form.apply({ classLabel: entry.name, classId: entry.id });
    this.bar.showClass(entry, this.classes.image(entry.id));
  }

  #settingsChanged() {
    this.bar.showCount(this.form?.value().n);
    this.dispatchEvent(new Event("settings"));
  }

  #statusChanged(status) {
    if (JSON.stringify(status.limits) !== JSON.stringify(this.#limits)) {
      this.#limits = status.limits;
      if (this.#model) {
        this.form.setModel(this.#model, this.#limits);
      }
    }

    if (status.model && this.#model && status.model !== this.#model.id) {
      this.load();
    }
  }

  #keyChanged() {
    this.tools.showKey(this.api.key !== null);
    this.load();
  }
}

export const studio = new Studio();

const wide = matchMedia("(min-width: 720px)");
const openSettings = () => { byId("settings").open = wide.matches; };
wide.addEventListener("change", openSettings);
openSettings();

addEventListener("hashchange", () => studio.applySettings(fromHash(location.hash)));
addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, textarea, select, dialog");
  if (event.key === "/" && !isTyping) {
    event.preventDefault();
    studio.classes.focusSearch();
  } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.target.closest("dialog")) {
    event.preventDefault();
    studio.draw();
  }
});

studio.load();
