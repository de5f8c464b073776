// Edits a part of a picture: with a mask, with the picture in a list, without a mask as a stream, and with mistakes.
import { crc32, deflateSync } from 'node:zlib';
import OpenAI, { toFile } from 'openai';
import { failure, report } from './report.mjs';

/** A PNG file of black pixels, transparent where a rule says so. An image editor writes such a mask, or a page does with canvas.toBlob. */
const mask = (width, height, isTransparent) => {
  const rows = Buffer.alloc(height * (1 + width * 4)); // each row starts with its filter, 0 for none
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rows[y * (1 + width * 4) + 1 + x * 4 + 3] = isTransparent(x, y) ? 0 : 255;
  }
  const chunk = (type, content) => {
    const body = Buffer.concat([Buffer.from(type), content]);
    const numbers = Buffer.alloc(8);
    numbers.writeUInt32BE(content.length, 0);
    numbers.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([numbers.subarray(0, 4), body, numbers.subarray(4)]);
  };
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 6, 0, 0, 0]); // 8 bits, RGB with alpha
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
};

const client = new OpenAI({ maxRetries: 0 });
const drawn = await client.images.generate({ prompt: 'pineapple', seed: 5 });
const file = (content, name) => toFile(content, name, { type: 'image/png' });
const picture = await file(Buffer.from(drawn.data[0].b64_json, 'base64'), 'pineapple.png');
const half = await file(mask(64, 64, x => x < 32), 'mask.png');

const masked = await client.images.edit({
  image: picture, mask: half, prompt: 'a photo of a banana', model: 'gpt-image-1', n: 2, size: '1024x1024', quality: 'auto', background: 'auto',
  input_fidelity: 'high', output_format: 'png', response_format: 'b64_json', user: 'end-to-end', seed: 7,
});
const listed = await client.images.edit({ image: [picture], mask: half, prompt: 'banana', seed: 7 });

const border = await file(mask(64, 64, (x, y) => Math.min(x, y, 63 - x, 63 - y) < 16), 'border.png'); // a black square in a transparent border
const events = [];
for await (const event of await client.images.edit({ image: border, prompt: 'kiwi', seed: 3, stream: true, partial_images: 2 })) {
  events.push(event);
}

report({
  original: drawn.data[0].b64_json,
  masked,
  listed,
  events,
  two: await failure(() => client.images.edit({ image: [picture, picture], mask: half, prompt: 'banana' })),
  opaque: await failure(() => client.images.edit({ image: picture, prompt: 'banana' })),
  size: await failure(async () => client.images.edit({ image: picture, mask: await file(mask(32, 32, () => true), 'mask.png'), prompt: 'banana' })),
  prompt: await failure(() => client.images.edit({ image: picture, mask: half, prompt: 'a spaceship' })),
});
