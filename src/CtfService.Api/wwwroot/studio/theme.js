/** Dark or light: as the system says, unless the person chose one. Loaded before the first paint. */
import { lastingStorage } from "./storage.js";

const names = ["auto", "light", "dark"];
const root = document.documentElement;

const saved = lastingStorage.getItem("ctf-theme");
root.dataset.theme = names.includes(saved) ? saved : "auto";

/** @returns {string} The choice: auto, light or dark. */
export const theme = () => root.dataset.theme;

/** Takes the next choice and keeps it. @returns {string} The new choice. */
export function switchTheme() {
  root.dataset.theme = names[(names.indexOf(theme()) + 1) % names.length];
  lastingStorage.setItem("ctf-theme", theme());
  return theme();
}
