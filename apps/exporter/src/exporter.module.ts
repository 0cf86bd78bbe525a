import { Module, type DynamicModule } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import type { MetricsPage } from '#libs/metrics';
import { BearerGuard } from './bearer-guard.js';
import { EXPORTER_SETTINGS, METRICS_PAGE, withDefaults, type ExporterSettings } from './exporter.settings.js';
import { HealthController } from './health.controller.js';
import { MetricsController } from './metrics.controller.js';
import { Refresher } from './refresher.js';

@Module({})
export class ExporterModule {
  static register(options: { readonly page: MetricsPage; readonly settings: ExporterSettings }): DynamicModule {
    return {
      module: ExporterModule,
      imports: [ScheduleModule.forRoot()],
      controllers: [MetricsController, HealthController],
      providers: [
        { provide: METRICS_PAGE, useValue: options.page },
        { provide: EXPORTER_SETTINGS, useValue: withDefaults(options.settings) },
        BearerGuard,
        Refresher,
      ],
    };
  }
}
