import { Controller, Get, Headers, Inject, Res, UseGuards } from '@nestjs/common';
import { formatFor, type MetricsPage } from '#libs/metrics';
import { BearerGuard } from './bearer-guard.js';
import { METRICS_PAGE } from './exporter.settings.js';

interface Reply {
  header(name: string, value: string): Reply;
  send(body: string): unknown;
}

@Controller()
export class MetricsController {
  constructor(@Inject(METRICS_PAGE) private readonly page: MetricsPage) {}

  @Get('metrics')
  @UseGuards(BearerGuard)
  async metrics(@Headers('accept') accept: string | undefined, @Res() reply: Reply): Promise<void> {
    const { contentType, body } = await this.page.write(formatFor(accept));
    reply.header('content-type', contentType).header('vary', 'accept').send(body);
  }
}
