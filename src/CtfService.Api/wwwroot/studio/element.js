/**
 * Creates an element.
 * @param {string} tag
 * @param {object} properties Properties of the element. Names with a hyphen, `class`, `role`, `for`, `form` and `list` are attributes, `on...` are listeners.
 * @param {...(Node | string | null)} children
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) {
      made.addEventListener(name.slice(2), value);
    } else if (name.includes("-") || ["class", "role", "for", "form", "list"].includes(name)) {
      if (value !== null && value !== false) {
        made.setAttribute(name, value);
      }
    } else {
      made[name] = value;
    }
  }

  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Paths of the icons, drawn with strokes in a square of 24. */
const paths = {
  lock: "M6 11h12v9H6zM8.5 11V7.5a3.5 3.5 0 0 1 7 0V11",
  unlock: "M6 11h12v9H6zM8.5 11V7.5a3.5 3.5 0 0 1 6.8-1.2",
  shuffle: "M4 7h3.5l9 10H20M4 17h3.5l2.6-2.9M13.6 9.9l2.9-2.9H20M17.5 4.5 20 7l-2.5 2.5M17.5 14.5 20 17l-2.5 2.5",
  reset: "M5 12a7 7 0 1 0 2.2-5.1M5 4.5V9h4.5",
  close: "M6 6l12 12M18 6 6 18",
  key: "M14.5 9.5a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM13.5 12.5 20 19M17 16l-2 2",
  theme: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
  history: "M12 7v5l3.5 2M4.5 12a7.5 7.5 0 1 0 2.3-5.4M4 4.5V8h3.5",
  picture: "M4 5h16v14H4zM4 16l4.5-4.5 4 4 3-3L20 17M15.5 9.2a.8.8 0 1 1-1.6 0 .8.8 0 0 1 1.6 0z",
  code: "M8.5 8 4.5 12l4 4M15.5 8l4 4-4 4M13.5 5.5l-3 13",
  minus: "M6 12h12",
  plus: "M6 12h12M12 6v12",
  search: "M16 11a5 5 0 1 1-10 0 5 5 0 0 1 10 0zM15 15l4.5 4.5",
};

/** Creates an icon; it is hidden from screen readers, so its button needs a label. */
export function icon(name) {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(namespace, "path");
  path.setAttribute("d", paths[name]);
  svg.append(path);
  return svg;
}
