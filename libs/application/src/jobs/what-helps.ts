import type { Instant, JobRequest } from '#libs/domain';
import type { QueuedJob, WhatIfs } from '#libs/scheduling';
import type { JobView } from '../ports.js';
import { toSeconds } from '../service-time.js';
import { type Counterfactuals, counterfactualsOf } from './counterfactuals.js';
import type { OptionPrices, PriceList, QuoteDesk, QuoteOption } from './option-prices.js';
import type { Turns } from './turns.js';

interface Asked {
  readonly request: JobRequest;
  readonly now: Instant;
  /** The key that asks: nobody takes the whole line. */
  readonly caller: string;
}

/** Answers what one change to a job would do: another pool or model, fewer nodes, a shorter limit, a quota that others lend. */
export class WhatHelps {
  constructor(
    private readonly ports: {
      readonly desk: QuoteDesk;
      readonly prices: OptionPrices;
      readonly turns: Turns;
    },
  ) {}

  /** Of a job that is not submitted, with what a quote says of it as it is. Expects the desk refreshed. */
  async ofNew(
    job: QueuedJob,
    asked: Asked,
  ): Promise<{ readonly options: readonly QuoteOption[]; readonly counterfactuals: Counterfactuals } | null> {
    const found = await this.find(job, asked);
    if (!found) return null;
    const { whatIfs, ...on } = found;
    return {
      options: whatIfs.options.map((option) => on.list.price(option, asked.request)),
      counterfactuals: counterfactualsOf(whatIfs, { ...on, request: asked.request }),
    };
  }

  /** Of a job in the queue; null when it does not wait any more, or when nodes are being vacated for it. */
  async ofWaiting(job: JobView, asked: Omit<Asked, 'request'>): Promise<Counterfactuals | null> {
    if (job.state !== 'queued') return null;
    await this.ports.desk.refresh(asked.now);
    // The store keeps the request as JSON; the submission wrote it as a JobRequest.
    const request = job.request as JobRequest;
    const found = await this.find(job.id, { ...asked, request });
    return found && counterfactualsOf(found.whatIfs, { ...found, request });
  }

  private async find(
    of: QueuedJob | string,
    { now, caller }: Asked,
  ): Promise<{ readonly whatIfs: WhatIfs; readonly now: Instant; readonly list: PriceList } | null> {
    const { desk, prices, turns } = this.ports;
    return turns.take(caller, async () => {
      // Who stood in line is answered from the picture of now: it never goes back in time.
      const at = Math.max(now, desk.asOf ?? now);
      const whatIfs = await desk.whatIf(of, toSeconds(at));
      return whatIfs && { whatIfs, now: at, list: await prices.at(at) };
    });
  }
}
