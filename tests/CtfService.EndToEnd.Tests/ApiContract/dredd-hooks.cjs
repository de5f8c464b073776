// Gives Dredd what the document does not contain: the key, a picture to upload, and the status codes of the documented requests.
// Errors are tested elsewhere, and the admin routes need another model.
const { readFileSync } = require('node:fs');
const hooks = require('hooks');

const boundary = 'boundary-of-dredd';

hooks.beforeEach((transaction, done) => {
  const { request, expected } = transaction;
  transaction.skip = expected.statusCode !== '200' || request.uri.startsWith('/v1/admin/');
  // The other headers are optional, which Dredd does not support.
  expected.headers = { 'Content-Type': expected.headers['Content-Type'], 'X-Request-Id': '' };
  request.headers = Object.fromEntries(Object.entries(request.headers).filter(([, value]) => value !== '')); // Dredd sends optional headers empty
  const form = transaction.name.split(' > ').at(-1);
  Object.assign(request.headers, { Accept: form, Authorization: `Bearer ${process.env.API_KEY}` });
  if (form === 'text/event-stream') {
    request.body = JSON.stringify({ ...JSON.parse(request.body), stream: true, partial_images: 1 });
    delete expected.body; // the example has other pictures
  }

  if (request.uri === '/v1/images/variations') {
    request.headers['Content-Type'] = `multipart/form-data; boundary=${boundary}`;
    request.body = Buffer.concat([
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="image"; filename="picture.png"\r\nContent-Type: image/png\r\n\r\n`),
      readFileSync(process.env.PICTURE),
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]).toString('base64');
    request.bodyEncoding = 'base64';
  }

  done();
});

// Dredd compares header fields letter by letter; the charset of JSON is UTF-8 with and without this parameter.
hooks.beforeEachValidation((transaction, done) => {
  const { headers } = transaction.real;
  headers['content-type'] = headers['content-type']?.replace('; charset=utf-8', '');
  done();
});
