export interface ExporterSettings {
  /** 0: any free port. */
  readonly port: number;
  readonly host?: string;
  /** CHUSUAN_METRICS_TOKEN: when set, only who sends it as a bearer token reads /metrics. */
  readonly token?: string;
  readonly refreshMs?: number;
}
export const withDefaults = (settings: ExporterSettings): ExporterSettings & { host: string; refreshMs: number } => ({
  ...settings,
  host: settings.host ?? '127.0.0.1',
  refreshMs: settings.refreshMs ?? 5_000,
});

export const EXPORTER_SETTINGS = Symbol('exporter settings');
export const METRICS_PAGE = Symbol('metrics page');
