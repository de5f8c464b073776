// Ends requests in three ways and prints the error that the caller gets. The test checks that the service stops drawing.
import OpenAI from 'openai';
import { failure, report } from './report.mjs';

const client = new OpenAI({ maxRetries: 0 });
const asked = { prompt: 'banana', n: 16 };

const timeout = await failure(() => client.images.generate(asked, { timeout: 40 }));

const abort = await failure(() => client.images.generate(asked, { signal: AbortSignal.timeout(40) }));

let seen = 0;
for await (const _ of await client.images.generate({ ...asked, stream: true, partial_images: 3 })) {
  seen++;
  break; // closes the connection
}

report({ timeout, abort, seen });
