// Receives previews of an image.
import OpenAI from 'openai';
import { report } from './report.mjs';

const client = new OpenAI();
const started = performance.now();
const stream = await client.images.generate({ prompt: 'strawberry', seed: 3, stream: true, partial_images: 3 });

const events = [];
for await (const event of stream) {
  events.push({ ...event, arrived_ms: performance.now() - started });
}

const whole = await client.images.generate({ prompt: 'strawberry', seed: 3 });
report({ events, whole: whole.data[0].b64_json });
