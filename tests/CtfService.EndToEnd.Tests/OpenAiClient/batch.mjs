// Runs batches: one that succeeds, one of variations of an uploaded picture, one with mistakes, and one that is cancelled while it runs.
import { setTimeout as wait } from 'node:timers/promises';
import OpenAI, { toFile } from 'openai';
import { failure, report } from './report.mjs';

const client = new OpenAI();

const upload = async (content, name) => client.files.create({ file: await toFile(Buffer.from(content), name), purpose: 'batch' });

const lines = (bodies, url) => bodies.map((body, row) => JSON.stringify({ custom_id: `row-${row}`, method: 'POST', url, body }));

const start = async (text, endpoint) => {
  const input = await upload(text, 'requests.jsonl');
  return client.batches.create({ input_file_id: input.id, endpoint, completion_window: '24h', metadata: { purpose: 'test' } });
};

const hasEnded = batch => ['completed', 'failed', 'expired', 'cancelled'].includes(batch.status);

const poll = async (batch, isReached) => {
  let now = batch;
  while (!isReached(now) && !hasEnded(now)) {
    await wait(100);
    now = await client.batches.retrieve(batch.id);
  }
  return now;
};

const end = batch => poll(batch, hasEnded);

const download = async id => (id ? (await (await client.files.content(id)).text()).trim().split('\n').map(line => JSON.parse(line)) : []);

const run = async (bodies, endpoint) => {
  const batch = await end(await start(lines(bodies, endpoint).join('\n'), endpoint));
  return { batch, output: await download(batch.output_file_id) };
};

const generations = '/v1/images/generations';
const completed = await run(Array.from({ length: 12 }, (_, row) => ({ prompt: 'banana', seed: row })), generations);

const picture = completed.output[0].response.body.data[0].b64_json;
const uploaded = await upload(Buffer.from(picture, 'base64'), 'picture.png');
const variations = await run([{ image: picture, seed: 1 }, { image: { file_id: uploaded.id }, seed: 2 }], '/v1/images/variations');

const [good, wrong] = lines([{ prompt: 'banana' }, { prompt: 'spaceship' }], generations);
const bad = await end(await start([good, 'not json', wrong].join('\n'), generations));

const long = await start(lines(Array.from({ length: 400 }, () => ({ prompt: 'banana' })), generations).join('\n'), generations);
await poll(long, now => now.request_counts.completed > 0);
await client.batches.cancel(long.id);
const cancelled = await end(long);
const notRun = await download(cancelled.error_file_id);

const ids = [];
for await (const batch of client.batches.list({ limit: 2 })) ids.push(batch.id);

report({
  completed,
  variations,
  bad,
  cancelled: {
    batch: cancelled,
    done: (await download(cancelled.output_file_id)).length,
    notRun: notRun.length,
    codes: [...new Set(notRun.map(line => line.error.code))],
  },
  listed: [completed.batch, variations.batch, bad, cancelled].every(batch => ids.includes(batch.id)) && new Set(ids).size === ids.length,
  refused: await failure(() => client.batches.create({ input_file_id: bad.input_file_id, endpoint: '/v1/chat/completions', completion_window: '24h' })),
  missing: await failure(() => client.batches.retrieve('batch_nothing')),
});
