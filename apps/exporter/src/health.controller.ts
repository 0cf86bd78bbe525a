import { Controller, Get, Inject, ServiceUnavailableException } from '@nestjs/common';
import { Refresher } from './refresher.js';

interface Health {
  readonly status: 'ok';
}

@Controller()
export class HealthController {
  constructor(@Inject(Refresher) private readonly refresher: Refresher) {}

  @Get('healthz')
  healthz(): Health {
    return { status: 'ok' };
  }

  /** Ready once there is something to show. A collector that fails later is told by its metric, not by taking the rest away. */
  @Get('readyz')
  readyz(): Health {
    if (!this.refresher.isReady())
      throw new ServiceUnavailableException('The first refresh is not over yet: ask again in a few seconds.');
    return { status: 'ok' };
  }
}
