/**
 * What a file of the service says about how it was made: docs/provenance.md describes it.
 * @typedef {object} Provenance
 * @property {string} software
 * @property {string} model
 * @property {string} bundleHash
 * @property {number | null} classId
 * @property {string | null} classLabel
 * @property {string} seed decimal digits, up to 2^64 - 1
 * @property {string} layout "drawn", "given", "encoded" or "edited"
 * @property {Sampling | null} coarse null if the coarse stage did not run
 * @property {Sampling | null} fine null if the fine stage did not run
 * @property {string | null} sampler the method that drew the labels; null in files of version 0.2.0 and earlier
 * @property {boolean} isSheet several images in one file
 * @property {boolean} isPreview
 *
 * @typedef {{ temperature: number, topK: number, topP: number, guidanceScale: number }} Sampling
 */

const MAX_FILE_BYTES = 1 << 26;
const MAX_TEXT_BYTES = 1 << 20;
const MAX_SEED = 2n ** 64n - 1n;
const KEYWORD = "CtfService";
const XMP_KEYWORD = "XML:com.adobe.xmp";
const XMP_SEGMENT = "http://ns.adobe.com/xap/1.0/\0";
const NAMESPACE = "urn:ctf-service:provenance:1.0";

/**
 * Reads the provenance of a PNG, JPEG or WebP file.
 * @param {Blob} file any file
 * @returns {Promise<Provenance | null>} null if it has none, or is damaged
 */
export async function readProvenance(file) {
  if (file.size > MAX_FILE_BYTES) {
    return null;
  }

  try {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const json = isPng(bytes) ? await pngText(bytes) : fromXmp(isJpeg(bytes) ? jpegXmp(bytes) : isWebp(bytes) ? webpXmp(bytes) : null);
    return json === null ? null : parse(json);
  } catch {
    return null; // places beyond the end, texts that are not what they should be
  }
}

const latin1 = (bytes) => new TextDecoder("latin1").decode(bytes);
const isPng = (bytes) => latin1(bytes.subarray(1, 8)) === "PNG\r\n\u001a\n";
const isJpeg = (bytes) => bytes[0] === 0xff && bytes[1] === 0xd8;
const isWebp = (bytes) => latin1(bytes.subarray(0, 4)) === "RIFF" && latin1(bytes.subarray(8, 12)) === "WEBP";
const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Chunks of length, type, content and checksum follow the signature. Other programs may have rewritten or compressed the texts. */
async function pngText(bytes) {
  let xmp = null;
  for (let place = 8; place + 12 <= bytes.length; ) {
    const length = viewOf(bytes).getUint32(place);
    const type = latin1(bytes.subarray(place + 4, place + 8));
    const content = bytes.subarray(place + 8, place + 8 + length);
    place += 12 + length;
    if (!["tEXt", "zTXt", "iTXt"].includes(type) || content.length > MAX_TEXT_BYTES || content.length < length) {
      continue;
    }

    const keyword = latin1(content.subarray(0, content.indexOf(0)));
    if (keyword === KEYWORD) {
      return textOf(type, content.subarray(keyword.length + 1));
    }

    if (keyword === XMP_KEYWORD) {
      xmp = await textOf(type, content.subarray(keyword.length + 1));
    }
  }

  return fromXmp(xmp);
}

async function textOf(type, content) {
  if (type === "tEXt") {
    return latin1(content);
  }

  if (type === "zTXt") {
    return latin1(await inflate(content.subarray(1)));
  }

  const afterLanguage = content.subarray(content.indexOf(0, 2) + 1);
  const text = afterLanguage.subarray(afterLanguage.indexOf(0) + 1);
  return new TextDecoder().decode(content[0] === 0 ? text : await inflate(text));
}

async function inflate(bytes) {
  const inflated = new Uint8Array(MAX_TEXT_BYTES);
  let length = 0;
  for await (const part of parts(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")))) {
    inflated.set(part, length); // throws beyond the most that is read
    length += part.length;
  }

  return inflated.subarray(0, length);
}

async function* parts(stream) {
  const reader = stream.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      yield part.value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** Segments of a marker and a length, until the pixels begin. */
function jpegXmp(bytes) {
  for (let place = 2; place + 4 <= bytes.length && bytes[place] === 0xff; ) {
    const marker = bytes[place + 1];
    if (marker === 0xff) {
      place++; // fill byte
      continue;
    }

    if (marker === 0xda || marker === 0xd9) {
      return null;
    }

    const length = viewOf(bytes).getUint16(place + 2);
    const content = bytes.subarray(place + 4, place + 2 + length);
    if (marker === 0xe1 && latin1(content.subarray(0, XMP_SEGMENT.length)) === XMP_SEGMENT) {
      return new TextDecoder().decode(content.subarray(XMP_SEGMENT.length));
    }

    place += 2 + length;
  }

  return null;
}

/** Chunks of a name, a length and an even number of bytes. */
function webpXmp(bytes) {
  for (let place = 12; place + 8 <= bytes.length; ) {
    const name = latin1(bytes.subarray(place, place + 3));
    const length = viewOf(bytes).getUint32(place + 4, true);
    if (name === "XMP") {
      return new TextDecoder().decode(bytes.subarray(place + 8, place + 8 + Math.min(length, MAX_TEXT_BYTES)));
    }

    place += 8 + length + (length % 2);
  }

  return null;
}

/** The value of the service's own property, which is an element or an attribute. A parser would complain about damaged packets on the console. */
function fromXmp(packet) {
  const prefix = packet && new RegExp(`xmlns:([\\w-]+)\\s*=\\s*["']${NAMESPACE}["']`).exec(packet)?.[1];
  if (!prefix) {
    return null;
  }

  const name = `${prefix}:provenance`;
  const found = new RegExp(`<${name}(?:\\s[^>]*)?>([^<]*)</${name}`).exec(packet) ?? new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(packet);
  return found ? unescaped(found[1] ?? found[2]) : null;
}

const ENTITIES = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function unescaped(xml) {
  return xml.replace(/&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|(\w+));/g, (whole, decimal, hex, name) =>
    decimal ? String.fromCodePoint(Number(decimal)) : hex ? String.fromCodePoint(Number.parseInt(hex, 16)) : ENTITIES[name] ?? whole);
}

function parse(json) {
  // A seed has up to 64 bits, which JavaScript's numbers cannot hold: it is read as text.
  const read = JSON.parse(json.replace(/("seed"\s*:\s*)(\d+)/g, '$1"$2"'));
  if (typeof read.seed !== "string" || !/^\d{1,20}$/.test(read.seed) || BigInt(read.seed) > MAX_SEED) {
    return null;
  }

  return {
    software: text(read.software) ?? "",
    model: text(read.model) ?? "",
    bundleHash: text(read.bundle_hash) ?? "",
    classId: Number.isInteger(read.class_id) ? read.class_id : null,
    classLabel: text(read.class_label),
    seed: read.seed,
    layout: text(read.layout) ?? "drawn",
    coarse: sampling(read.coarse),
    fine: sampling(read.fine),
    sampler: text(read.sampler),
    isSheet: read.sheet !== undefined && read.sheet !== null,
    isPreview: read.preview !== undefined && read.preview !== null,
  };
}

const text = (value) => (typeof value === "string" ? value.slice(0, 256) : null);
const number = (value) => (Number.isFinite(value) ? value : null);

function sampling(stage) {
  return typeof stage !== "object" || stage === null
    ? null
    : {
        temperature: number(stage.temperature),
        topK: number(stage.top_k),
        topP: number(stage.top_p),
        guidanceScale: number(stage.guidance_scale),
      };
}
