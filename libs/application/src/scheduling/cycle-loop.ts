/**
 * Runs a piece of work when poked, one at a time, many pokes making one run (DESIGN.md 4: many events make one cycle). A run
 * that fails is told to `onError` and does not stop the loop; the next poke, at the latest the next tick, tries again.
 */
export class CoalescingLoop {
  private running: Promise<void> | null = null;
  private wanted = false;
  private stopped = false;

  /** @param rest waits between two runs, so that a storm of pokes does not take the machine from what causes it */
  constructor(
    private readonly run: () => Promise<{ readonly again: boolean }>,
    private readonly onError: (error: unknown) => void,
    private readonly rest: () => Promise<void> = async () => undefined,
  ) {}

  poke(): void {
    if (this.stopped) return;
    this.wanted = true;
    this.running ??= this.drain().finally(() => {
      this.running = null;
      if (this.wanted) this.poke();
    });
  }

  /** Resolves when no run is under way. */
  async idle(): Promise<void> {
    while (this.running) await this.running;
  }

  /** Lets the run under way end and starts no other. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.wanted = false;
    await this.running;
  }

  private async drain(): Promise<void> {
    while (this.wanted && !this.stopped) {
      this.wanted = false;
      try {
        if ((await this.run()).again) this.wanted = true;
        await this.rest();
      } catch (error) {
        this.onError(error);
        return;
      }
    }
  }
}
