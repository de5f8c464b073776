// Gives Dredd what the document does not contain: the key, a picture with a transparent part to upload, and the status codes of the documented requests.
// Errors are tested elsewhere, and the admin routes need another model.
const { readFileSync } = require('node:fs');
const hooks = require('hooks');

const boundary = 'boundary-of-dredd';

const requests = `${JSON.stringify({ custom_id: 'a', method: 'POST', url: '/v1/images/generations', body: { class_label: 0, seed: 1 } })}\n`;
const made = {}; // ids of the files and jobs that the documented requests name; those with "deleted" are for DELETE

// Makes the files and jobs, and waits for the data sets.
hooks.beforeAll(async (transactions, done) => {
  const { protocol, host, port } = transactions[0];
  const call = async (method, path, body) => {
    const isForm = body instanceof FormData;
    const response = await fetch(`${protocol}//${host}:${port}/v1/${path}`, {
      method,
      headers: { Authorization: `Bearer ${process.env.API_KEY}`, ...(body && !isForm ? { 'Content-Type': 'application/json' } : {}) },
      body: body && !isForm ? JSON.stringify(body) : body,
    });
    return response.json();
  };
  const upload = async () => {
    const form = new FormData();
    form.set('purpose', 'batch');
    form.set('file', new Blob([requests]), 'requests.jsonl');
    return (await call('POST', 'files', form)).id;
  };
  const generate = async () => {
    const { id } = await call('POST', 'datasets', { counts: { 0: 1 }, format: 'webdataset' });
    while ((await call('GET', `datasets/${id}`)).status !== 'completed') {
      await new Promise(resolve => setTimeout(resolve, 100));
    }

    return id;
  };
  made.file = await upload();
  made.deletedFile = await upload();
  made.batch = (await call('POST', 'batches', { input_file_id: made.file, endpoint: '/v1/images/generations', completion_window: '24h' })).id;
  made.dataset = await generate();
  made.deletedDataset = await generate();
  done();
});

// Replaces the ids of the examples by those of what was made.
const nameWhatWasMade = transaction => {
  const { request } = transaction;
  const deleted = request.method === 'DELETE' ? 'deleted' : '';
  const of = { batches: made.batch, datasets: deleted ? made.deletedDataset : made.dataset, files: deleted ? made.deletedFile : made.file };
  request.uri = request.uri.replace(/^\/v1\/(batches|datasets|files)\/[^/?]+/, (_, kind) => `/v1/${kind}/${of[kind]}`);
  transaction.fullPath = request.uri;
  if (request.method === 'POST' && request.uri === '/v1/batches') {
    request.body = JSON.stringify({ ...JSON.parse(request.body), input_file_id: made.file });
  }
};

hooks.beforeEach((transaction, done) => {
  const { request, expected } = transaction;
  nameWhatWasMade(transaction);
  transaction.skip = expected.statusCode !== '200' || request.uri.startsWith('/v1/admin/');
  // The other headers are optional, which Dredd does not support.
  expected.headers = { 'Content-Type': expected.headers['Content-Type'], 'X-Request-Id': '' };
  request.headers = Object.fromEntries(Object.entries(request.headers).filter(([, value]) => value !== '')); // Dredd sends optional headers empty
  const form = transaction.name.split(' > ').at(-1);
  if (form === 'application/octet-stream') {
    delete expected.headers['Content-Type']; // stands for the type of any file
  }

  if (request.uri.startsWith('/v1/batches')) {
    expected.body = JSON.stringify(JSON.parse(expected.body), (name, value) => (['metadata', 'usage'].includes(name) ? undefined : value)); // may be null
  }

  Object.assign(request.headers, { Accept: form, Authorization: `Bearer ${process.env.API_KEY}` });
  const isForm = ['/v1/images/variations', '/v1/images/edits'].includes(request.uri);
  if (form === 'text/event-stream') {
    request.body = request.method === 'POST' && !isForm ? JSON.stringify({ ...JSON.parse(request.body), stream: true, partial_images: 1 }) : '';
    delete expected.body; // the example has other pictures and times
  }

  if (isForm) {
    const fields = request.uri === '/v1/images/variations' ? {} : { class_label: '0', ...(form === 'text/event-stream' ? { stream: 'true' } : {}) };
    request.headers['Content-Type'] = `multipart/form-data; boundary=${boundary}`;
    request.body = Buffer.concat([
      ...Object.entries(fields).map(([name, value]) => Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)),
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="image"; filename="picture.png"\r\nContent-Type: image/png\r\n\r\n`),
      readFileSync(process.env.PICTURE),
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]).toString('base64');
    request.bodyEncoding = 'base64';
  }

  if (request.uri === '/v1/files' && request.method === 'POST') {
    request.headers['Content-Type'] = `multipart/form-data; boundary=${boundary}`;
    request.body = `--${boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n`
      + `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="requests.jsonl"\r\n\r\n${requests}\r\n--${boundary}--\r\n`;
  }

  done();
});

// Dredd compares header fields letter by letter; the charset of JSON is UTF-8 with and without this parameter.
hooks.beforeEachValidation((transaction, done) => {
  const { headers } = transaction.real;
  headers['content-type'] = headers['content-type']?.replace('; charset=utf-8', '');
  done();
});
