import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { SchedulerDependencies, SchedulerLoops } from './loops.js';
import { SCHEDULER_LOOPS, SchedulerModule } from './scheduler.module.js';

export interface Scheduler {
  /** A hint that something was submitted or changed; the tick is the guarantee. */
  poke(): void;
  readonly isLeading: boolean;
  /** Runs `swap` while nothing speaks to an engine. */
  atRest(swap: () => void): Promise<void>;
  close(): Promise<void>;
}

/** Starts the loop in this process. It works only while it holds the lease. */
export async function createScheduler(dependencies: SchedulerDependencies): Promise<Scheduler> {
  const app = await NestFactory.createApplicationContext(SchedulerModule.register(dependencies), {
    logger: ['warn', 'error'],
    abortOnError: false,
  });
  const loops = app.get<SchedulerLoops>(SCHEDULER_LOOPS);
  return {
    poke: () => loops.poke('cycle'),
    atRest: (swap) => loops.atRest(swap),
    get isLeading() {
      return loops.isLeading;
    },
    close: async () => {
      await app.close();
      await loops.stop();
    },
  };
}
export * from './loops.js';
export { WorkerPlanner } from './worker-planner.js';
