import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import type { MetricsPage } from '#libs/metrics';
import { EXPORTER_SETTINGS, METRICS_PAGE, type ExporterSettings } from './exporter.settings.js';

const intervalName = 'metrics-refresh';

/** Refreshes the page on a timer. One refresh at a time: a tick that comes while one runs is skipped. */
@Injectable()
export class Refresher implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('exporter');
  private running: Promise<void> | null = null;
  private hasRefreshed = false;

  constructor(
    @Inject(METRICS_PAGE) private readonly page: MetricsPage,
    @Inject(EXPORTER_SETTINGS) private readonly settings: Required<Pick<ExporterSettings, 'refreshMs'>>,
    @Inject(SchedulerRegistry) private readonly timers: SchedulerRegistry,
  ) {}

  onApplicationBootstrap(): void {
    const timer = setInterval(() => void this.tick(), this.settings.refreshMs);
    this.timers.addInterval(intervalName, timer);
    void this.tick();
  }

  /** Hands over what was counted since the last refresh; the caller closes the database only after that. */
  async onApplicationShutdown(): Promise<void> {
    if (this.timers.doesExist('interval', intervalName)) this.timers.deleteInterval(intervalName);
    await this.running;
    await this.page.flush().catch((error: unknown) => {
      this.logger.error(`The last durable counts could not be written and are lost: ${String(error)}`);
    });
  }

  /** Resolves when the refresh that this tick started, or found running, is over; never rejects. */
  tick(): Promise<void> {
    this.running ??= this.refresh().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  isReady(): boolean {
    return this.hasRefreshed;
  }

  private async refresh(): Promise<void> {
    try {
      await this.page.refresh();
    } catch (error) {
      this.logger.warn(
        `Durable counters could not be written: ${String(error)}. They are kept and tried again at the next refresh.`,
      );
    }
    this.hasRefreshed = true;
  }
}
