// Draws random, seeded and streamed images with the types that openapi-typescript makes of docs/openapi.json; prints what came as one JSON object.
import createClient from 'openapi-fetch';
import type { components, paths } from './generated/api.js';

const client = createClient<paths, 'application/json'>({ baseUrl: process.env.SERVICE_URL, headers: { Authorization: `Bearer ${process.env.API_KEY}` } });

const draw = async (seed?: number | null) => {
  const { data, error } = await client.POST('/v1/images/generations', { body: { class_label: 'banana', seed } });
  if (error) {
    throw new Error(error.error.message);
  }

  const { b64_json, seed: drawn } = data.data[0]!;
  return { b64_json, seed: drawn };
};

const stream = async (seed: number) => {
  const { data } = await client.POST('/v1/images/generations', { body: { class_label: 'banana', seed, stream: true }, parseAs: 'text' });
  const event = /^event: image_generation\.completed\ndata: (.*)$/m.exec(data as unknown as string)![1]!;
  const { b64_json, seed: drawn } = JSON.parse(event) as components['schemas']['CompletedImageEvent'];
  return { b64_json, seed: drawn };
};

const seed = Number.MAX_SAFE_INTEGER;
console.log(JSON.stringify({ one: await draw(), other: await draw(null), seeded: await draw(seed), again: await draw(seed), streamed: await stream(seed) }));
