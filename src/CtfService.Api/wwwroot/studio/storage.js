/** What the browser keeps; memory, for as long as the page is open, where it keeps nothing because the person forbids it. */

function open(kind) {
  try {
    return window[kind];
  } catch {
    const kept = new Map();
    return {
      getItem: (name) => kept.get(name) ?? null,
      setItem: (name, value) => kept.set(name, value),
      removeItem: (name) => kept.delete(name),
    };
  }
}

/** Until the tab is closed. */
export const tabStorage = open("sessionStorage");

/** For all tabs, also later. */
export const lastingStorage = open("localStorage");
