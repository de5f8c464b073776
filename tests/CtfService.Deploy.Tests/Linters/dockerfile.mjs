// Reads a Dockerfile and prints the findings of the validator of Docker's language server, one per line.
import { text } from 'node:stream/consumers';
import { validate } from 'dockerfile-utils';

for (const { range, message } of validate(await text(process.stdin))) {
  console.log(`line ${range.start.line + 1}: ${message}`);
}
