// Reads a data set with libraries that have nothing to do with the program that wrote it, and prints one line of JSON for each image:
// its key, class id, class name if the format has it, and the pixels as base64.
//   node read.mjs imagefolder|webdataset|npz|parquet FOLDER
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { createReadStream, existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import pngjs from 'pngjs';
import tar from 'tar-stream';
import yauzl from 'yauzl';

const [format, folder] = process.argv.slice(2);

const files = (ending) => readdirSync(folder).filter((name) => name.endsWith(ending)).sort().map((name) => join(folder, name));

const print = (image) => console.log(JSON.stringify(image));

const rgb = (png) => {
  const { width, height, data } = pngjs.PNG.sync.read(Buffer.from(png));
  return Buffer.from(Uint8Array.from({ length: width * height * 3 }, (_, i) => data[Math.floor(i / 3) * 4 + (i % 3)])).toString('base64');
};

async function* members(path) {
  for await (const entry of createReadStream(path).pipe(tar.extract())) {
    yield [entry.header.name, await buffer(entry)];
  }
}

const readers = {
  async imagefolder() {
    // As a tar file of a job, or unpacked.
    const packed = new Map();
    for (const path of files('.tar')) {
      for await (const [name, content] of members(path)) packed.set(name, content);
    }

    const lines = readFileSync(join(folder, 'metadata.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
    for (const { file_name: name, label, label_name: className, seed } of lines) {
      const content = packed.get(name) ?? readFileSync(join(folder, name));
      print({ key: basename(name).split('.')[0], label, class_name: className, seed, folder: name.split('/')[0], pixels: rgb(content) });
    }
  },

  async webdataset() {
    for (const path of files('.tar')) {
      // WebDataset groups consecutive members with the same name up to the first dot.
      let sample = {};
      const end = () => sample.key && print(
        { key: sample.key, label: Number(sample.cls), class_name: JSON.parse(sample.json).class_label, seed: JSON.parse(sample.json).seed, pixels: rgb(sample.png) });
      for await (const [name, content] of members(path)) {
        const dot = name.indexOf('.');
        const [key, extension] = [name.slice(0, dot), name.slice(dot + 1)];
        if (key !== sample.key) {
          end();
          sample = { key };
        }

        sample[extension] = content;
      }

      end();
    }
  },

  async npz() {
    const arrays = {};
    await new Promise((resolve, reject) => yauzl.open(files('.npz')[0], { lazyEntries: true }, (error, zip) => {
      if (error) return reject(error);
      zip.on('entry', (entry) => zip.openReadStream(entry, async (failed, stream) => {
        if (failed) return reject(failed);
        arrays[entry.fileName] = parse(await buffer(stream));
        zip.readEntry();
      }));
      zip.on('end', resolve).on('error', reject);
      return zip.readEntry();
    }));
    const { shape, data } = arrays['arr_0.npy'];
    const size = shape[1] * shape[2] * shape[3];
    for (let i = 0; i < shape[0]; i++) {
      print({ label: Number(arrays['arr_1.npy'].data.readBigInt64LE(8 * i)), pixels: data.subarray(i * size, (i + 1) * size).toString('base64') });
    }
  },

  async parquet() {
    for (const path of files('.parquet')) {
      const file = await asyncBufferFromFile(path);
      const { key_value_metadata: metadata } = await parquetMetadataAsync(file);
      const { features } = JSON.parse(metadata.find((entry) => entry.key === 'huggingface').value).info;
      for (const { image, label } of await parquetReadObjects({ file, utf8: false })) {
        const className = features.label.names[Number(label)];
        print({ key: basename(image.path).split('.')[0], label: Number(label), class_name: className, types: [features.image._type, features.label._type],
          pixels: rgb(image.bytes) });
      }
    }
  },
};

// The rules by which the evaluator of guided-diffusion reads an array: version 1.0 or 2.0, C order, then the elements.
function parse(npy) {
  if (npy.subarray(0, 6).toString('latin1') !== '\u0093NUMPY') throw new Error('no .npy file');
  const long = { '1.0': false, '2.0': true }[`${npy[6]}.${npy[7]}`];
  if (long === undefined) throw new Error(`version ${npy[6]}.${npy[7]}`);
  const length = long ? npy.readUInt32LE(8) : npy.readUInt16LE(8);
  const start = long ? 12 : 10;
  const header = npy.subarray(start, start + length).toString('latin1');
  const [, type, order, shape] = /^\{'descr': '([^']+)', 'fortran_order': (False|True), 'shape': \(([0-9, ]+)\), \} *\n$/.exec(header);
  if (order !== 'False') throw new Error('Fortran order');
  return { type, shape: shape.split(',').filter((text) => text.trim()).map(Number), data: npy.subarray(start + length) };
}

if (!existsSync(folder)) throw new Error(`There is no folder ${folder}.`);
await readers[format]();
