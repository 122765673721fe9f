// Reads the documents of corpus/: each begins with a line `#> valid WHAT` or `#> invalid WHAT`, perhaps followed by
// `#> operation NAME` and `#> variables JSON`.
import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('./corpus/', import.meta.url);

/** All of them, in their order. */
export function corpus() {
  return readdirSync(FOLDER).sort().flatMap((file) => read(file));
}

function read(file) {
  const documents = [];
  let current;
  for (const line of readFileSync(new URL(file, FOLDER), 'utf8').split('\n')) {
    const mark = line.match(/^#> (\w+) ?(.*)$/);
    if (!mark) {
      current.lines.push(line);
      continue;
    }
    const [, word, rest] = mark;
    if (word === 'valid' || word === 'invalid') {
      current = { file, title: rest, valid: word === 'valid', lines: [] };
      documents.push(current);
    } else if (word === 'operation') {
      current.operationName = rest;
    } else if (word === 'variables') {
      current.variables = JSON.parse(rest);
    } else {
      throw new Error(`${file}: what is ${line}?`);
    }
  }
  return documents.map(({ lines, ...document }) => ({ ...document, query: lines.join('\n').trimEnd() }));
}
