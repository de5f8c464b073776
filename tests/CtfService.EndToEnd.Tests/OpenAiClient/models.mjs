// Lists the models.
import OpenAI from 'openai';
import { report } from './report.mjs';

const client = new OpenAI();
const listed = [];
for await (const model of client.models.list()) {
  listed.push(model);
}

report({ listed, byName: await client.models.retrieve('fruits-64'), byAlias: await client.models.retrieve('gpt-image-1') });
