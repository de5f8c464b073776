/** The classes: a search box and a grid in which only the visible part exists, so that 1,000 classes are as light as 10. */
import { element, icon } from "./element.js";
import { Thumbnails } from "./thumbnails.js";

const minTile = 76;
const gap = 8;
const nameHeight = 34;

/** Letters by which names are compared, as the service does: case, spaces, hyphens and underscores do not matter. */
const fold = (text) => text.trim().toLowerCase().replace(/[\s_-]+/g, " ");

/** A name as people write it. */
export const shown = (name) => name.replaceAll("_", " ");

export class Classes {
  #onSelect;
  #onDraw;
  #thumbnails;
  #all = [];
  #shown = [];
  #selected = null;
  #ratio = 1;
  #options = new Map(); // elements of the visible part by index
  #grid;
  #space;
  #search;
  #count;
  #columns = 1;
  #rowHeight = 1;
  #visible;

  /**
   * @param {HTMLElement} host
   * @param {import("./api.js").Api} api
   * @param {{onSelect: (entry: object) => void, onDraw: () => void}} events A class was selected; the person wants to draw it.
   */
  constructor(host, api, { onSelect, onDraw }) {
    this.#onSelect = onSelect;
    this.#onDraw = onDraw;
    this.#thumbnails = new Thumbnails(api);
    this.#count = element("span", { class: "count-of", role: "status" });
    this.#search = element("input", {
      type: "search", id: "search", placeholder: "Search classes", autocomplete: "off", spellcheck: false, "aria-label": "Search classes",
      "aria-controls": "class-grid", oninput: () => this.#filter(), onkeydown: (event) => this.#leaveSearch(event),
    });
    this.#space = element("div", { class: "class-space", role: "presentation" });
    this.#grid = element("div", {
      class: "class-grid", id: "class-grid", role: "listbox", tabIndex: 0, "aria-label": "Classes",
      onscroll: () => this.#render(), onkeydown: (event) => this.#move(event), onclick: (event) => this.#click(event), ondblclick: () => this.#onDraw(),
    }, this.#space);
    host.append(element("div", { class: "search" }, icon("search"), this.#search, this.#count), this.#grid);
    this.#visible = new IntersectionObserver((entries) => entries.forEach((entry) => this.#see(entry.target, entry.isIntersecting)));
    new ResizeObserver(() => this.#measure()).observe(this.#grid);
  }

  /** Takes the classes of a model. @param {{width: number, height: number}} size Size of its images. */
  set(list, size) {
    this.#thumbnails.clear();
    this.#all = list.map((entry) => ({ ...entry, folded: fold(entry.name) }));
    this.#ratio = size.width / size.height;
    this.#filter();
  }

  /** @returns {{id: number, name: string}[]} All classes of the model. */
  get all() {
    return this.#all;
  }

  /** @returns {object | null} The class with this name or id. */
  find(nameOrId) {
    const folded = fold(String(nameOrId));
    return this.#all.find((entry) => entry.folded === folded || entry.wordnet_id === nameOrId) ?? this.#all[nameOrId] ?? null;
  }

  /** @returns {string | undefined} The address of the class's image, if it is there. */
  image(id) {
    return this.#thumbnails.of(id);
  }

  /** Selects a class and shows it. */
  select(entry) {
    this.#selected = entry;
    if (!this.#shown.includes(entry)) {
      this.#search.value = "";
      this.#filter();
    }

    this.#scrollTo(this.#shown.indexOf(entry));
    this.#render();
    this.#options.forEach((option, index) => this.#describe(option, index));
    this.#onSelect(entry);
  }

  focusSearch() {
    this.#search.focus();
    this.#search.select();
  }

  #filter() {
    const text = fold(this.#search.value);
    this.#shown = this.#all.filter((entry) => entry.folded.includes(text) || entry.wordnet_id === text);
    const count = this.#shown.length.toLocaleString("en");
    this.#count.textContent = text ? `${count} of ${this.#all.length.toLocaleString("en")}` : count;
    this.#space.dataset.empty = this.#all.length > 0 && this.#shown.length === 0 ? "No class has this name." : "";
    this.#grid.scrollTop = 0;
    this.#measure();
  }

  #measure() {
    const width = this.#grid.clientWidth - 2 * gap;
    this.#columns = Math.max(1, Math.floor((width + gap) / (minTile + gap)));
    const tile = (width - gap * (this.#columns - 1)) / this.#columns;
    this.#rowHeight = Math.round(tile / this.#ratio) + nameHeight + gap;
    this.#grid.style.setProperty("--tile", `${tile}px`);
    this.#space.style.height = `${Math.ceil(this.#shown.length / this.#columns) * this.#rowHeight}px`;
    this.#clear();
    this.#render();
  }

  #clear() {
    this.#options.forEach((option) => this.#remove(option));
    this.#options.clear();
  }

  #render() {
    const { scrollTop, clientHeight } = this.#grid;
    const from = Math.max(0, Math.floor(scrollTop / this.#rowHeight) - 1) * this.#columns;
    const to = Math.min(this.#shown.length, (Math.ceil((scrollTop + clientHeight) / this.#rowHeight) + 1) * this.#columns);
    for (const [index, option] of this.#options) {
      if (index < from || index >= to) {
        this.#remove(option);
        this.#options.delete(index);
      }
    }

    for (let index = from; index < to; index++) {
      if (!this.#options.has(index)) {
        this.#options.set(index, this.#create(index));
      }
    }
  }

  #create(index) {
    const entry = this.#shown[index];
    const image = element("img", { alt: "", decoding: "async", hidden: true });
    const option = element("div", { class: "class", role: "option", id: `class-${entry.id}`, title: entry.name },
      element("span", { class: "thumb" }, image), element("span", { class: "name" }, shown(entry.name)));
    option.style.transform = `translate(${(index % this.#columns) * (Number.parseFloat(this.#grid.style.getPropertyValue("--tile")) + gap)}px, ${
      Math.floor(index / this.#columns) * this.#rowHeight}px)`;
    option.dataset.id = entry.id;
    this.#describe(option, index);
    this.#space.append(option);
    this.#visible.observe(option);
    return option;
  }

  #remove(option) {
    this.#visible.unobserve(option);
    this.#thumbnails.drop(Number(option.dataset.id));
    option.remove();
  }

  #describe(option, index) {
    const isSelected = this.#shown[index] === this.#selected;
    option.setAttribute("aria-selected", isSelected);
    option.setAttribute("aria-posinset", index + 1);
    option.setAttribute("aria-setsize", this.#shown.length);
    if (isSelected) {
      this.#grid.setAttribute("aria-activedescendant", option.id);
    }
  }

  #see(option, isVisible) {
    const id = Number(option.dataset.id);
    if (isVisible) {
      this.#thumbnails.want(id, (address) => {
        const image = option.querySelector("img");
        image.src = address;
        image.hidden = false;
        if (this.#selected?.id === id) {
          this.#onSelect(this.#selected);
        }
      });
    } else {
      this.#thumbnails.drop(id);
    }
  }

  #scrollTo(index) {
    const top = Math.floor(index / this.#columns) * this.#rowHeight;
    const { scrollTop, clientHeight } = this.#grid;
    if (index >= 0 && (top < scrollTop || top + this.#rowHeight > scrollTop + clientHeight)) {
      this.#grid.scrollTop = Math.max(0, top - (clientHeight - this.#rowHeight) / 2);
    }
  }

  #click(event) {
    const option = event.target.closest(".class");
    if (option) {
      this.select(this.#all.find((entry) => entry.id === Number(option.dataset.id)));
    }
  }

  #move(event) {
    const page = Math.max(1, Math.floor(this.#grid.clientHeight / this.#rowHeight)) * this.#columns;
    const change = {
      ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.#columns, ArrowDown: this.#columns, PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity,
    }[event.key];
    if (change !== undefined && this.#shown.length > 0) {
      event.preventDefault();
      const index = Math.min(this.#shown.length - 1, Math.max(0, this.#shown.indexOf(this.#selected) + change));
      this.select(this.#shown[index]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.#onDraw();
    }
  }

  /** Down goes to the first class that was found, Enter selects it. */
  #leaveSearch(event) {
    if ((event.key === "ArrowDown" || event.key === "Enter") && this.#shown.length > 0) {
      event.preventDefault();
      this.select(this.#shown.includes(this.#selected) && event.key === "ArrowDown" ? this.#selected : this.#shown[0]);
      this.#grid.focus();
    }
  }
}
