// Draws a picture and requests variations of it.
import OpenAI, { toFile } from 'openai';
import { report } from './report.mjs';

const client = new OpenAI();
const drawn = await client.images.generate({ prompt: 'dragon_fruit', seed: 5 });
const picture = Buffer.from(drawn.data[0].b64_json, 'base64');

const variations = await client.images.createVariation({
  image: await toFile(picture, 'dragon-fruit.png', { type: 'image/png' }), model: 'gpt-image-1', n: 2, size: '64x64', response_format: 'b64_json', user: 'end-to-end',
});
report({ original: drawn.data[0].b64_json, variations });
