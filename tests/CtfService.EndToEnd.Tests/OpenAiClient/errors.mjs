// Sends invalid requests. The client must throw its error class for each, with the message of the service.
import OpenAI, { toFile } from 'openai';
import { failure, report } from './report.mjs';

const client = new OpenAI({ maxRetries: 0 });
const stranger = new OpenAI({ maxRetries: 0, apiKey: 'ctf_no-such-key' });
const prompt = 'banana';
await client.images.generate({ prompt }); // the service knows its pace afterwards

report({
  prompt: await failure(() => client.images.generate({ prompt: 'a photo of a spaceship' })),
  size: await failure(() => client.images.generate({ prompt, size: '100x100' })),
  number: await failure(() => client.images.generate({ prompt, n: 1000 })),
  url: await failure(() => client.images.generate({ prompt, response_format: 'bytes' })),
  style: await failure(() => client.images.generate({ prompt, style: 'cubist' })),
  model: await failure(() => client.images.generate({ prompt, model: 'dall-e-3' })),
  stream: await failure(() => client.images.generate({ prompt, stream: true, partial_images: 9 })),
  upload: await failure(async () => client.images.createVariation({ image: await toFile(Buffer.from('no picture'), 'notes.png') })),
  deadline: await failure(() => client.images.generate({ prompt, n: 16, timeout_ms: 1 })),
  modelPage: await failure(() => client.models.retrieve('dall-e-3')),
  route: await failure(() => client.moderations.create({ input: prompt })),
  key: await failure(() => stranger.images.generate({ prompt })),
});
