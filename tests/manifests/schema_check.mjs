// Checks manifests against the schemas of the npm packages kubernetes-models and @kubernetes-models/prometheus-operator.
//
// usage: schema_check.mjs NODE_MODULES <builds.json     {"name of a build": [manifest, ...], ...}
//
// The packages' validators know types and required fields, but let unknown fields pass: so each manifest is handed over with a
// record of what is read. A field that no validator has asked for is one that the schema does not know.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const PACKAGES = ['kubernetes-models', '@kubernetes-models/prometheus-operator'].map((name) => resolve(process.argv[2], name));

async function validatorOf({ apiVersion, kind }) {
  for (const folder of PACKAGES) {
    const model = ['mjs', 'js'].map((end) => `${folder}/${apiVersion}/${kind}.${end}`).find((file) => existsSync(file));
    if (!model) continue;
    // The model itself would hand a copy to its validator: no record of that.
    const schema = /_schemas\/\w+\.m?js/.exec(readFileSync(model, 'utf8'))[0];
    return (await import(pathToFileURL(`${folder}/${schema}`))).validate;
  }
  return undefined;
}

function recorded(value, path, unread) {
  if (value === null || typeof value !== 'object') return value;
  const copy = Array.isArray(value) ? [] : {};
  for (const [key, child] of Object.entries(value)) {
    copy[key] = recorded(child, `${path}/${key}`, unread);
    unread.add(`${path}/${key}`);
  }
  return new Proxy(copy, {
    get(target, key) {
      if (typeof key === 'string') unread.delete(`${path}/${key}`);
      return target[key];
    },
  });
}

async function faultsIn(manifest) {
  const validate = await validatorOf(manifest);
  if (!validate) return [`no schema for ${manifest.apiVersion}`];
  const unread = new Set();
  const valid = validate(recorded(manifest, '', unread));
  const faults = valid ? [] : validate.errors.map((error) => `${error.instancePath} ${error.message ?? error.keyword} ${JSON.stringify(error.params)}`);
  // Below a field that nobody asked for, nobody asked either.
  const unknown = [...unread].filter((path) => !unread.has(path.slice(0, path.lastIndexOf('/'))));
  return [...faults, ...unknown.map((path) => `unknown field ${path}`)];
}

let count = 0;
for (const [build, manifests] of Object.entries(JSON.parse(readFileSync(0, 'utf8')))) {
  for (const manifest of manifests) {
    for (const fault of await faultsIn(manifest)) {
      count += 1;
      console.log(`${build}: ${manifest.kind}/${manifest.metadata.name}: ${fault}`);
    }
  }
}
process.exit(count ? 1 : 0);
