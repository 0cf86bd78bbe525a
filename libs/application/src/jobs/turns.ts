/** Too many what-ifs are under way. */
export class WhatIfsBusy extends Error {
  readonly code = 'what-ifs-busy';
  constructor() {
    super('Too many counterfactuals are being worked out: ask again in a few seconds, or ask without them.');
  }
}

/** In line or at work at a time, of all callers, and of any one of them. */
export const MOST_IN_LINE = 6;
export const MOST_OF_ONE = 3;

/**
 * Keeps what-ifs from starving the process that they run in: one at a time, a few in line, and after each a rest as long as it
 * took, in which everybody else is served.
 */
export class Turns {
  private last: Promise<void> = Promise.resolve();
  private readonly callers = new Map<string, number>();
  private inLine = 0;

  constructor(
    private readonly ports: {
      /** Milliseconds from any origin. */
      readonly stopwatchMs: () => number;
      readonly pause: (ms: number) => Promise<void>;
    },
  ) {}

  /** @throws WhatIfsBusy when the line is full */
  async take<T>(caller: string, work: () => Promise<T>): Promise<T> {
    const mine = this.callers.get(caller) ?? 0;
    if (this.inLine >= MOST_IN_LINE || mine >= MOST_OF_ONE) throw new WhatIfsBusy();
    this.inLine++;
    this.callers.set(caller, mine + 1);
    const before = this.last;
    const { promise, resolve: passOn } = Promise.withResolvers<void>();
    this.last = promise;
    await before;
    const begun = this.ports.stopwatchMs();
    try {
      return await work();
    } finally {
      this.leave(caller);
      void this.ports.pause(this.ports.stopwatchMs() - begun).then(passOn, passOn);
    }
  }

  private leave(caller: string): void {
    this.inLine--;
    const left = (this.callers.get(caller) ?? 1) - 1;
    if (left > 0) this.callers.set(caller, left);
    else this.callers.delete(caller);
  }
}
