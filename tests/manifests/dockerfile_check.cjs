// Runs npm's dockerfilelint over Dockerfiles.
//
// usage: dockerfile_check.cjs DOCKERFILE...     with dockerfilelint in NODE_PATH
const { readFileSync } = require('node:fs');
const { run } = require('dockerfilelint');

// It does not know options of HEALTHCHECK, and takes the names of stages and arguments for images without a tag.
function isMistaken(text, { title, line }, content) {
  if (/^HEALTHCHECK --/.test(content)) return title === 'Invalid Argument Format';
  const base = /^FROM (\S+)/.exec(content)?.[1];
  const isKnown = base === 'scratch' || base === '${BASE}' || text.split('\n').some((one) => one.endsWith(` AS ${base}`));
  return title === 'Base Image Missing Tag' && isKnown;
}

let count = 0;
for (const file of process.argv.slice(2)) {
  const text = readFileSync(file, 'utf8');
  const lines = text.split('\n');
  for (const fault of run('.', text).filter((one) => !isMistaken(text, one, lines[one.line - 1]))) {
    count += 1;
    console.log(`${file}:${fault.line}: ${fault.title}: ${fault.description.split('\n')[0]}`);
  }
}
process.exit(count ? 1 : 0);
