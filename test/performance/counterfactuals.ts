import { join } from 'node:path';
import {
  InProcessPlanner,
  type JobView,
  OptionPrices,
  type SiteBook,
  Turns,
  WhatHelps,
  defaultPolicy,
  siteBooks,
} from '#libs/application';
import { loadSeeds } from '#libs/config';
import type { JobRequest } from '#libs/domain';
import { type QueuedJob, ResidualBook, type Snapshot } from '#libs/scheduling';
import { fleet } from './fleet.js';
import { round } from './timing.js';

const SIZE = { pools: 40, nodes: 1_000, queued: 10_000, running: 1_000 } as const;
const ASKED = 200;
const WARM_UP = 20;

/**
 * All changes that make sense for a job, with what each would gain, by the function that the API calls: of jobs that wait all
 * over the queue, and of jobs to be submitted. In between a job is withdrawn and another one submitted, as between two requests.
 */
export async function counterfactualsBench(): Promise<unknown> {
  const snapshot = fleet(SIZE);
  const prices = new OptionPrices({ books: await booksOf(snapshot), residuals: async () => calibrated() });
  const results: unknown[] = [];
  for (const order of ['fair', 'sjf'] as const) {
    const host = new InProcessPlanner();
    await host.start(snapshot, { ...defaultPolicy, order });
    const whatHelps = whatHelpsOn(host, prices, snapshot.now * 1000);
    const waiting = new Series();
    const quoted = new Series();
    const step = Math.floor(SIZE.queued / ASKED);
    for (let i = -WARM_UP; i < ASKED; i++) {
      const job = snapshot.queued[((i + ASKED) % ASKED) * step]!;
      const request = requestOf(job);
      const asked = { request, now: snapshot.now * 1000, caller: 'bench' };
      const view = { id: job.id, state: 'queued', request } as unknown as JobView;
      await waiting.time(i >= 0, async () => (await whatHelps.ofWaiting(view, asked))?.tried.length ?? 0);
      const fresh = { ...job, id: `new-${i}`, sequence: Number.MAX_SAFE_INTEGER, submittedAt: snapshot.now };
      await quoted.time(i >= 0, async () => (await whatHelps.ofNew(fresh, asked))?.counterfactuals.tried.length ?? 0);
      const other = { ...snapshot.queued[((i + ASKED) % ASKED) * step + 1]!, id: `other-${i}` };
      await host.advance([
        { kind: 'job-queued', job: other },
        { kind: 'job-withdrawn', jobId: `other-${i - 1}` },
      ]);
    }
    results.push({ ...SIZE, order, asked: ASKED, waitingMs: waiting.summary(), quotedMs: quoted.summary() });
  }
  return results;
}

function whatHelpsOn(host: InProcessPlanner, prices: OptionPrices, asOf: number): WhatHelps {
  const desk = {
    asOf,
    refresh: async () => undefined,
    quote: host.quote.bind(host),
    whatIf: host.whatIf.bind(host),
    admit: host.admit.bind(host),
  };
  return new WhatHelps({ desk, prices, turns: new Turns({ stopwatchMs: () => 0, pause: async () => undefined }) });
}

/** The books of the seeds, given to the made-up pools in turn. */
async function booksOf({ pools, groups }: Snapshot): Promise<ReadonlyMap<string, SiteBook>> {
  const seeds = await loadSeeds(join(process.cwd(), 'seeds'));
  if (seeds.kind !== 'ok') throw new Error('The seeds have faults: npx chusuan seed --check tells which');
  const { catalogue } = seeds;
  const real = [...siteBooks(catalogue, new Set(catalogue.pools.map(({ id }) => id))).values()].filter((book) =>
    book.groups.some((group) => group.shape.cards > 0),
  );
  return new Map(
    pools.map(({ id, siteId }, index) => {
      const book = real[index % real.length]!;
      const like = book.groups.find((group) => group.shape.cards > 0)!;
      const own = groups.filter(({ poolId }) => poolId === id);
      const made = own.map((group) => ({
        ...like,
        id: group.id,
        poolId: id,
        acceleratorModel: group.acceleratorModel,
      }));
      return [siteId, { ...book, poolIds: [id], groups: made }];
    }),
  );
}

function calibrated(): ResidualBook {
  const residuals = Array.from({ length: 400 }, (_, i) => (i - 300) / 200);
  return new ResidualBook([{ key: 'all', residuals, alpha: 0.1 }]);
}

const requestOf = (job: QueuedJob): JobRequest => ({
  name: job.id,
  class: job.class,
  resources: { nodes: job.nodes, acceleratorsPerNode: job.perNode.cards, acceleratorModels: job.acceleratorModels },
  timeLimitSeconds: job.limit,
  run: { image: 'bench' },
});

class Series {
  private readonly times: number[] = [];
  private readonly cpuTimes: number[] = [];
  private changes = 0;

  async time(counts: boolean, ask: () => Promise<number>): Promise<void> {
    const [begun, used] = [performance.now(), process.cpuUsage()];
    const changes = await ask();
    if (!counts) return;
    const { user, system } = process.cpuUsage(used);
    this.times.push(performance.now() - begun);
    this.cpuTimes.push((user + system) / 1000);
    this.changes += changes;
  }

  /** By the clock, and what the process used: on a machine that others use too it says more. */
  summary(): unknown {
    const changesEach = round(this.changes / this.times.length);
    return { changesEach, ...spreadOf(this.times), cpu: spreadOf(this.cpuTimes) };
  }
}

function spreadOf(times: readonly number[]): object {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number): number =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
  return { median: at(0.5), p95: at(0.95), max: at(1) };
}
