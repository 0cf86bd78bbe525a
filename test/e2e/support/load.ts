import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningService } from './running-service.js';

export interface ShownJob {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly attempts: number;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly placement: { readonly attemptId: string; readonly nodes: readonly string[] } | null;
}
interface Page {
  readonly items: readonly ShownJob[];
  readonly nextCursor: string | null;
}

/** All jobs there are, newest first. */
export async function jobsOf(service: RunningService): Promise<readonly ShownJob[]> {
  const jobs: ShownJob[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await service.ask<Page>(`GET /v1/jobs?limit=200${query}`);
    if (status !== 200) throw new Error(`the list of jobs answered ${status}: ${JSON.stringify(body)}`);
    jobs.push(...body.items);
    cursor = body.nextCursor;
  }
  return jobs;
}

/** Small enough that hundreds run side by side; the least it may run, by its limit of 100 hours, is five. */
export const longJob = (name: string): Record<string, unknown> => ({
  name,
  class: 'simulation',
  resources: { nodes: 1, acceleratorsPerNode: 0, cpuCoresPerNode: 2, memoryGiBPerNode: 4 },
  timeLimitSeconds: 360_000,
  run: { image: 'registry.local/long:1', command: ['long'] },
});

const CLIENTS = 4;
/** Between two submissions of a client: some hundred jobs are load enough, and thousands would only be counted for long. */
const PAUSE_MS = 20;

/** Clients that submit one job after the other, each once by its idempotency key, until the service no longer answers. */
export class Load {
  /** Names of all jobs that somebody tried to submit. */
  readonly asked: string[] = [];
  /** Id by name, of those that were answered with 201. */
  readonly acknowledged = new Map<string, string>();
  private readonly clients: Promise<unknown>;

  constructor(
    service: RunningService,
    private readonly tenant: string,
  ) {
    this.clients = Promise.all(Array.from({ length: CLIENTS }, (_, client) => this.submitAll(service, client)));
  }

  async ended(): Promise<void> {
    await this.clients;
  }

  async repeatUnanswered(service: RunningService): Promise<void> {
    for (const name of this.asked.filter((it) => !this.acknowledged.has(it))) {
      if (!(await this.submit(service, name))) throw new Error(`${name} was not taken the second time either`);
    }
  }

  private async submitAll(service: RunningService, client: number): Promise<void> {
    for (let number = 1, answers = true; answers; number += 1) {
      const name = `load-${client}-${number}`;
      this.asked.push(name);
      answers = await this.submit(service, name).catch(() => false);
      await sleep(PAUSE_MS);
    }
  }

  private async submit(service: RunningService, name: string): Promise<boolean> {
    const { status, body } = await service.ask<{ id: string }>('POST /v1/jobs', {
      tenant: this.tenant,
      body: longJob(name),
      idempotencyKey: name,
    });
    if (status === 201) this.acknowledged.set(name, body.id);
    return status === 201;
  }
}
