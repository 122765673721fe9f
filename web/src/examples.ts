export interface Example {
  title: string;
  query: string;
}

const files = import.meta.glob<string>('./examples/*.graphql', { query: '?raw', import: 'default', eager: true });

/** In the order of the file names. The title is the first line, which is a comment. */
export const EXAMPLES: Example[] = Object.keys(files)
  .sort()
  .map((path) => {
    const query = files[path]!.trimEnd();
    return { title: query.split('\n', 1)[0]!.replace(/^#\s*/, ''), query };
  });
