// Sends more requests than the service accepts: a client without retries gets an error with Retry-After; one with retries (the default) is served.
import OpenAI from 'openai';
import { failure, report } from './report.mjs';

const hasty = new OpenAI({ maxRetries: 0 });
const patient = new OpenAI({ maxRetries: 8 });
const crowd = (client, requests, signal) => Array.from({ length: requests }, () => failure(() => client.images.generate({ prompt: 'banana', n: 16 }, { signal })));

const leave = new AbortController();
const asked = crowd(hasty, 8, leave.signal);
const refused = await Promise.any(asked.map(async call => (await call).code === 'queue_share_full' ? call : Promise.reject(new Error('served'))));
leave.abort();
await Promise.all(asked);

const served = (await Promise.all(crowd(patient, 6))).map(call => call.error ?? call.answer.data.length);

const visitor = new OpenAI({ maxRetries: 0, apiKey: process.env.VISITOR_API_KEY });
await visitor.models.list();
report({ refused, served, rate: await failure(() => visitor.models.list()) });
