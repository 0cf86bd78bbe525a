export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A page of /metrics, to be asked by name and labels. */
export class Samples {
  constructor(readonly all: readonly Sample[]) {}

  of(name: string, labels: Readonly<Record<string, string>> = {}): readonly Sample[] {
    return this.all.filter(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
  }
  /** Throws when the page has no such series: a sum of nothing would look like a zero. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const found = this.of(name, labels);
    if (found.length === 0) throw new Error(`/metrics has no ${name}${JSON.stringify(labels)}`);
    return found.reduce((sum, sample) => sum + sample.value, 0);
  }
}

/** The text format, as far as our own page uses it. Throws on a line that is neither comment nor sample. */
export function samplesOf(page: string): Samples {
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Samples(
    lines.map((line) => {
      const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
      if (!match) throw new Error(`/metrics has a line that is no sample: ${line}`);
      const pairs = [...(match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
      return {
        name: match[1]!,
        labels: Object.fromEntries(pairs.map(([, label, value]) => [label!, value!])),
        value: Number(match[3]),
      };
    }),
  );
}
