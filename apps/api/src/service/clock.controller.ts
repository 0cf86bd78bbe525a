import { Controller, Get, Inject } from '@nestjs/common';
import type { Principal } from '#libs/application';
import { rfc3339 } from '#libs/domain';
import { Caller, Documented } from '#libs/http';
import { z } from 'zod';
import type { ApiDependencies } from '../api-dependencies.js';
import { API, REFERENCE } from '../api-tokens.js';
import type { Reference } from '../reference.js';
import { Text, TimeText } from '../schemas/common.js';

const ClockShown = z
  .strictObject({
    now: TimeText,
    rate: z.number().meta({ description: 'Service seconds a wall second; 1 in production' }),
    timezone: z.literal('Asia/Shanghai'),
    notices: z.array(Text).meta({ description: 'What a reader of any figure must know' }),
  })
  .meta({ id: 'Clock' });

@Controller('v1/clock')
export class ClockController {
  constructor(
    @Inject(API) private readonly api: ApiDependencies,
    @Inject(REFERENCE) private readonly reference: () => Reference,
  ) {}

  @Get()
  @Documented({
    tag: 'service',
    summary: 'Service time, how fast it runs, and what is sample or simulated',
    answers: { 200: { description: 'The clock', schema: ClockShown } },
  })
  async clock(@Caller() principal: Principal): Promise<z.infer<typeof ClockShown>> {
    const { time } = this.api;
    const samples = (await this.api.catalogue.tenants(principal)).some((tenant) => tenant.sample);
    const notices = [
      ...(time.rate === 1 ? [] : [fasterClock(time.rate)]),
      ...(samples ? [sampleTenants] : []),
      ...(this.reference().hasSimulatedPools ? [simulatedEngines] : []),
    ];
    return { now: rfc3339(time.now()), rate: time.rate, timezone: 'Asia/Shanghai', notices };
  }
}

const fasterClock = (rate: number): z.infer<typeof Text> => ({
  zh: `服务时钟以 ${rate} 倍速运行：所示时间不是现实时间。`,
  en: `The service clock runs at ${rate} times wall time: the times shown are not those of the world.`,
});
const sampleTenants = {
  zh: '部分租户及其作业为示例数据（sample: true），并非真实业务。',
  en: 'Some tenants and their jobs are samples (sample: true), made up and nobody’s.',
};
const simulatedEngines = {
  zh: '部分资源池由模拟引擎运行（simulated: true），没有真实硬件在执行作业。',
  en: 'Some pools are run by simulated engines (simulated: true): no real hardware runs their jobs.',
};
