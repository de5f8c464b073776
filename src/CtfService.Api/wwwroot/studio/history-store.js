const NAME = "ctf-studio";
const STORE = "pictures";
const MOST_PICTURES = 200;
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Opens the pictures that this browser keeps (IndexedDB).
 * @returns {Promise<PictureStore | null>} null if the browser keeps nothing, as some private windows do
 */
export async function openStore() {
  try {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    return new PictureStore(await finished(request));
  } catch {
    return null;
  }
}

class PictureStore {
  constructor(database) {
    this.database = database;
  }

  /** Returns all pictures, the newest first. */
  async all() {
    const pictures = await finished(this.#store("readonly").getAll());
    return pictures.sort(newestFirst);
  }

  add(picture) {
    return finished(this.#store("readwrite").put(picture));
  }

  remove(id) {
    return finished(this.#store("readwrite").delete(id));
  }

  clear() {
    return finished(this.#store("readwrite").clear());
  }

  #store(mode) {
    return this.database.transaction(STORE, mode).objectStore(STORE);
  }
}

/** The order of requests, and of the images of a request as in the grid. */
export const newestFirst = (a, b) => b.createdAt - a.createdAt || a.index - b.index;

/** Returns the pictures that fit; the newest first, as they came. @param {object[]} pictures */
export function newestThatFit(pictures) {
  let bytes = 0;
  return pictures.filter((picture, i) => {
    bytes += picture.file.size + (picture.source?.file.size ?? 0) + (picture.source?.mask?.size ?? 0);
    return i === 0 || (i < MOST_PICTURES && bytes <= MOST_BYTES);
  });
}

function finished(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
}
