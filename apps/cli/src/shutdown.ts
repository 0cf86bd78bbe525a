import { say } from './say.js';

const INTERRUPTED = 130;

/** What has to be closed, in the reverse order of its opening; once, whoever asks. A second Ctrl-C ends at once. */
export class Shutdown {
  private readonly steps: { readonly what: string; readonly close: () => Promise<unknown> }[] = [];
  private running: Promise<void> | null = null;
  private starting: Promise<unknown> = Promise.resolve();

  add(what: string, close: () => Promise<unknown>): void {
    this.steps.unshift({ what, close });
  }

  /**
   * What opens things. A Ctrl-C in its midst waits for it: what it is about to open (a PostgreSQL in a group of its own) could
   * not be closed otherwise.
   */
  during<T>(start: Promise<T>): Promise<T> {
    this.starting = start.catch(() => undefined);
    return start;
  }

  onSignals(): void {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (this.running) process.exit(INTERRUPTED);
        say('stopping … (once more ends at once)');
        this.soon(0);
      });
    }
  }

  /** Closes everything and ends the process with this code. */
  soon(code: number): void {
    void this.run().then(() => {
      if (code === 0) say('stopped; the data is kept');
      process.exit(code);
    });
  }

  run(): Promise<void> {
    this.running ??= this.closeAll();
    return this.running;
  }

  private async closeAll(): Promise<void> {
    await this.starting;
    for (const { what, close } of this.steps) {
      try {
        await close();
      } catch (error) {
        // The rest must still be closed; a step that fails says so.
        say(`${what} did not close cleanly: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
}
