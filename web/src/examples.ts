export interface Example {
  title: string;
  query: string;
}

const files = import.meta.glob<string>('./examples/*.graphql', { query: '?raw', import: 'default', eager: true });

/** In the place of `"now"` and `"2 days ago"` their times: what is measured has no other day to name in advance. */
function dated(query: string, now: Date): string {
  return query.replace(/"(?:(\d+) days? ago|now)"/g, (_, days = 0) => {
    const time = new Date(now.getTime() - days * 86_400_000);
    return `"${time.toISOString().slice(0, 16)}:00Z"`;
  });
}

const NOW = new Date();

/** In the order of the file names. The title is the first line, which is a comment. */
export const EXAMPLES: Example[] = Object.keys(files)
  .sort()
  .map((path) => {
    const query = dated(files[path]!.trimEnd(), NOW);
    return { title: query.split('\n', 1)[0]!.replace(/^#\s*/, ''), query };
  });
