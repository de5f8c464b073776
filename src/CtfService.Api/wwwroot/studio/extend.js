import { canvas } from "./bitmap.js";
import { MaskPixels } from "./mask-pixels.js";

const BORDER = 0.25;
const MOST = { picture: 2048, mask: 1024 };

/** How far the picture moves for each side, in shares of its own size, and how much larger the canvas becomes. */
const SIDES = {
  "all sides": { x: BORDER, y: BORDER, growth: 1 + 2 * BORDER },
  left: { x: BORDER, y: 0, growth: 1 },
  right: { x: -BORDER, y: 0, growth: 1 },
  top: { x: 0, y: BORDER, growth: 1 },
  bottom: { x: 0, y: -BORDER, growth: 1 },
};

/** The names of the sides, for people as well. */
export const sides = Object.keys(SIDES);

/**
 * Makes room for more picture: on all sides, or on one side, where the picture moves and what leaves the canvas is cut off. The shape stays the same, so that
 * the service does not crop the room away.
 * @param {HTMLCanvasElement} picture
 * @param {MaskPixels} mask what is painted already
 * @param {string} side one of {@link sides}
 * @returns {{ picture: HTMLCanvasElement, mask: MaskPixels }} the mask has the room, which is transparent in the picture
 */
export function extended(picture, mask, side) {
  const { x, y, growth } = SIDES[side];
  const drawn = canvas(...grown(picture, growth, MOST.picture));
  const [width, height] = [drawn.width / growth, drawn.height / growth];
  drawn.getContext("2d").drawImage(picture, Math.round(width * x), Math.round(height * y), Math.round(width), Math.round(height));
  const larger = new MaskPixels(...grown(mask, growth, MOST.mask));
  larger.pixels.forEach((_, i) => {
    const column = (((i % larger.width) + 0.5) / larger.width) * growth - x;
    const row = ((Math.floor(i / larger.width) + 0.5) / larger.height) * growth - y;
    const isInside = column >= 0 && column < 1 && row >= 0 && row < 1;
    larger.pixels[i] = isInside ? mask.pixels[Math.floor(row * mask.height) * mask.width + Math.floor(column * mask.width)] : 1;
  });
  return { picture: drawn, mask: larger };
}

/** Returns the picture without the pixels that are transparent in the mask. @param {HTMLCanvasElement} picture @param {HTMLCanvasElement} mask */
export function withHoles(picture, mask) {
  const drawn = canvas(picture.width, picture.height);
  const context = drawn.getContext("2d");
  context.drawImage(picture, 0, 0);
  context.globalCompositeOperation = "destination-in";
  context.drawImage(mask, 0, 0);
  return drawn;
}

function grown({ width, height }, growth, most) {
  const scale = growth === 1 ? 1 : Math.min(growth, most / Math.max(width, height));
  return [width, height].map((side) => Math.max(1, Math.round(side * scale)));
}
