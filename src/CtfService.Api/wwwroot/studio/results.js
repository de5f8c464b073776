/** The grid of results: a group for each request, with its progress and its pictures. */
import { element, icon } from "./element.js";
import { duration } from "./progress.js";

/** Older groups leave the page; the history keeps their pictures. */
const mostGroups = 40;

const verbs = { generations: "", redetail: "New details: ", variations: "Variations: ", edits: "Edit: " };

export class Results {
  #host;
  #studio;
  #empty;
  #groups = []; // the newest first

  constructor(host, studio) {
    this.#host = host;
    this.#studio = studio;
    this.#empty = element("div", { class: "empty" },
      element("p", {}, "Choose a class and press Draw."),
      element("p", { class: "help" }, "Images appear here while they are drawn. The same seed and settings always draw the same images."));
    host.append(this.#empty);
  }

  /** Shows a message in place of results, such as why there is no model; with a button if there is something to do. */
  notice(message, action = null) {
    this.#host.querySelector(".notice")?.remove();
    if (message) {
      this.#host.prepend(element("div", { class: "notice", role: "alert" }, element("p", {}, message),
        action && element("button", { type: "button", class: "button", onclick: action.run }, action.label)));
    }
  }

  /** Adds the group of a request that starts. @returns {Group} */
  begin(request, onCancel) {
    this.#empty.remove();
    const group = new Group(request, this.#studio, onCancel);
    this.#host.querySelector(".notice")?.remove();
    this.#host.prepend(group.element);
    this.#groups.unshift(group);
    this.#groups.splice(mostGroups).forEach((old) => old.remove());
    if (matchMedia("(max-width: 719px)").matches) {
      group.element.scrollIntoView({ block: "nearest" });
    }

    return group;
  }
}

class Group {
  #request;
  #studio;
  #state;
  #bar;
  #tiles;
  #buttons;
  #timer = null;
  #onCancel;
  #addresses = [];

  constructor(request, studio, onCancel) {
    this.#request = request;
    this.#studio = studio;
    this.#onCancel = onCancel;
    const n = request.count;
    this.#state = element("span", { class: "state" }, "Waits for the drawing before it");
    this.#bar = element("div", { class: "progress", role: "progressbar", "aria-label": `${this.#title}: progress`, "aria-valuemin": 0, "aria-valuemax": 100 });
    this.#tiles = Array.from({ length: n }, () => element("li", { class: "tile" }, element("div", { class: "picture empty-picture" })));
    this.#buttons = element("span", { class: "group-buttons" });
    this.element = element("div", { class: "group", role: "group", "aria-label": `${this.#title}, ${count(n)}` },
      element("header", {}, element("h3", {}, this.#title), element("span", { class: "meta" }, count(n)), this.#state, this.#buttons),
      this.#bar, element("ul", { class: "grid" }, ...this.#tiles));
    this.#offer(["Cancel", () => onCancel()]);
    studio.say(`Drawing ${count(n)} of ${request.title}.`);
  }

  get #title() {
    return `${verbs[this.#request.route]}${this.#request.title}`;
  }

  start(progress) {
    const show = () => {
      this.#bar.style.setProperty("--done", progress.done);
      this.#bar.setAttribute("aria-valuenow", Math.round(100 * progress.done));
      this.#state.textContent = progress.left === null ? "Drawing" : `${duration(progress.left)} left`;
    };
    this.#show = show;
    this.element.classList.add("running");
    this.#every(250, show);
  }

  #show = () => {};

  /** Shows a preview. @param {string} address */
  preview(index, address) {
    this.#image(index).src = address;
    this.#show();
  }

  finish(index, picture) {
    const address = URL.createObjectURL(picture.file);
    this.#addresses.push(address);
    const image = this.#image(index);
    image.src = address;
    const { title } = this.#request;
    const open = element("button", {
      type: "button", class: "picture", "aria-label": `Open ${title}, seed ${picture.seed}`, onclick: () => this.#studio.open(picture),
    }, image);
    const seed = element("button", {
      type: "button", class: "seed-of", title: "Lock this seed", "aria-label": `Lock the seed ${picture.seed}`, onclick: () => this.#studio.lockSeed(picture.seed),
    }, element("span", {}, picture.seed), icon("lock"));
    this.#tiles[index].replaceChildren(open, seed);
    this.#tiles[index].classList.add("finished");
    this.#show();
  }

  end() {
    this.#stop();
    this.#state.textContent = "";
    this.#offer(["Again", () => this.#studio.again(this.#request)], ["Remove", () => this.remove()]);
    this.#studio.say(`${count(this.#request.count)} of ${this.#request.title} finished.`);
  }

  cancel(finished) {
    this.#stop();
    if (finished === 0) {
      this.remove();
    } else {
      this.#removeEmpty();
      this.#state.textContent = "Cancelled";
      this.#offer(["Remove", () => this.remove()]);
    }

    this.#studio.say("Cancelled.");
  }

  /** @param {(() => void) | null} retry Sends the request again; null if that does not help. */
  fail(error, retry) {
    this.#stop();
    this.#removeEmpty();
    this.#state.textContent = "";
    this.element.classList.add("failed");
    this.#bar.after(element("p", { class: "error", role: "alert" }, error.message));
    this.#offer(...(retry ? [["Try again", () => { this.remove(); retry(); }]] : []), ["Remove", () => this.remove()]);
  }

  /** Waits as long as the service asks, or until the person wants to try at once or to cancel. */
  wait(error, signal) {
    this.#stop();
    const until = performance.now() + 1_000 * error.retryAfter;
    this.#studio.say(`${error.message} Goes on by itself.`);
    const reason = element("p", { class: "waiting" }, error.message);
    this.#bar.after(reason);
    return new Promise((resolve) => {
      const go = () => {
        this.#stop();
        reason.remove();
        this.#offer(["Cancel", this.#onCancel]);
        resolve();
      };
      this.#offer(["Try now", go], ["Cancel", this.#onCancel]);
      signal.addEventListener("abort", go, { once: true });
      this.#every(250, () => {
        const left = (until - performance.now()) / 1_000;
        this.#state.textContent = `Goes on in ${duration(left)}`;
        if (left <= 0) {
          go();
        }
      });
    });
  }

  /** Leaves the page and frees its pictures. */
  remove() {
    this.element.remove();
    this.#addresses.forEach((address) => URL.revokeObjectURL(address));
  }

  #image(index) {
    const tile = this.#tiles[index];
    let image = tile.querySelector("img");
    if (!image) {
      image = element("img", { alt: "", decoding: "async" });
      tile.firstChild.replaceChildren(image);
    }

    return image;
  }

  #offer(...actions) {
    this.#buttons.replaceChildren(...actions.map(([label, run]) => element("button", { type: "button", class: "button small", onclick: run }, label)));
  }

  #every(milliseconds, run) {
    clearInterval(this.#timer);
    this.#timer = setInterval(run, milliseconds);
    run();
  }

  #stop() {
    clearInterval(this.#timer);
    this.element.classList.remove("running");
    this.#show = () => {};
  }

  #removeEmpty() {
    this.#tiles.filter((tile) => !tile.classList.contains("finished")).forEach((tile) => tile.remove());
  }
}

const count = (n) => `${n} ${n === 1 ? "image" : "images"}`;
