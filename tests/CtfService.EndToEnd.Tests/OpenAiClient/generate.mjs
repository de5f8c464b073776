// Requests images in every way that OpenAI's client supports.
import OpenAI from 'openai';
import { report } from './report.mjs';

const client = new OpenAI(); // reads OPENAI_BASE_URL and OPENAI_API_KEY

const plain = await client.images.generate({ prompt: 'a photo of a banana' });
const alias = await client.images.generate({
  model: 'gpt-image-1', prompt: 'banana', n: 2, size: 'auto', quality: 'auto', background: 'auto', moderation: 'auto', output_format: 'webp', output_compression: 90, user: 'end-to-end',
});
const named = await client.images.generate({
  model: 'fruits-64', prompt: 'pineapple', n: 2, size: '64x64', quality: 'standard', response_format: 'b64_json', output_format: 'png', seed: 7, // seed is our extension: the client sends unknown fields unchanged
});
const again = await client.images.generate({ prompt: 'pineapple', seed: named.data[1].seed });

report({ plain, alias, named, again });
