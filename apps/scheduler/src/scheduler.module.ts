import { type DynamicModule, Inject, Injectable, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval, ScheduleModule } from '@nestjs/schedule';
import { type SchedulerDependencies, SchedulerLoops } from './loops.js';

const LOOPS = Symbol('SchedulerLoops');

/** Wall-clock ticks: the guarantee that everything is looked at, whatever hint was missed. */
@Injectable()
export class SchedulerTicks implements OnApplicationBootstrap {
  constructor(@Inject(LOOPS) private readonly loops: SchedulerLoops) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.loops.renew();
  }

  @Interval(3_000)
  async renew(): Promise<void> {
    await this.loops.renew();
  }

  @Interval(500)
  observe(): void {
    this.loops.poke('observe');
    this.loops.poke('demand');
  }

  @Interval(1_000)
  work(): void {
    this.loops.poke('cycle');
    this.loops.poke('dispatch');
    this.loops.poke('settle');
    this.loops.poke('reservations');
    this.loops.poke('clock');
  }

  @Interval(2_000)
  policy(): void {
    this.loops.poke('policy');
  }

  @Interval(30_000)
  upkeep(): void {
    this.loops.poke('upkeep');
  }
}

@Module({})
export class SchedulerModule {
  static register(dependencies: SchedulerDependencies): DynamicModule {
    return {
      module: SchedulerModule,
      imports: [ScheduleModule.forRoot()],
      providers: [{ provide: LOOPS, useFactory: () => new SchedulerLoops(dependencies) }, SchedulerTicks],
      exports: [LOOPS],
    };
  }
}
export { LOOPS as SCHEDULER_LOOPS };
