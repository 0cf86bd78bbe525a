import type {
  CatalogueReader,
  CycleReader,
  EngineDirectory,
  ExplainShare,
  FairnessStore,
  HttpInstruments,
  JobStore,
  LatencyStore,
  KeyStore,
  PolicyStore,
  PoolStore,
  PowerCapStore,
  IdSource,
  ReservationStore,
  PromiseReader,
  QuoteJob,
  ServiceTime,
  SubmitJob,
  WhatHelps,
} from '#libs/application';
import type { LogLevel, RateLimit, ReadinessCheck } from '#libs/http';
import type { ReferenceCatalogue } from './reference.js';

export interface ApiSettings {
  /** Signs page cursors: 32 random bytes or more, the same for every replica. */
  readonly cursorKey: Uint8Array;
  /** For each API key; default 2,000 a second with bursts of 4,000. */
  readonly rateLimit?: RateLimit;
  readonly logLevel?: LogLevel;
  /** Where log lines go; default stderr. */
  readonly writeLog?: (line: string) => void;
  /** Wall milliseconds between two looks at the store for an event stream; default 1,000. */
  readonly eventPollMs?: number;
}

/** All that the API stands on; the composition brings it. */
export interface ApiDependencies {
  readonly jobs: JobStore;
  readonly submitJob: Pick<SubmitJob, 'execute'>;
  readonly quoteJob: Pick<QuoteJob, 'execute'>;
  readonly whatHelps: Pick<WhatHelps, 'ofWaiting'>;
  readonly catalogue: CatalogueReader;
  /** The catalogue as stored, held in memory; asked at each request, so that a new one is seen at once. */
  readonly reference: () => ReferenceCatalogue;
  readonly promises: PromiseReader;
  readonly keys: KeyStore;
  readonly pools: PoolStore;
  readonly reservations: ReservationStore;
  readonly powerCaps: PowerCapStore;
  readonly latencies: LatencyStore;
  readonly ids: IdSource;
  readonly cycles: CycleReader;
  readonly policies: PolicyStore;
  readonly policySha256: (text: string) => string;
  readonly fairness: Pick<FairnessStore, 'quota' | 'setQuota'>;
  readonly explainShare: Pick<ExplainShare, 'execute'>;
  /** For the output of jobs. */
  readonly engines: EngineDirectory;
  readonly time: ServiceTime;
  readonly instruments: HttpInstruments;
  readonly checks: readonly ReadinessCheck[];
  readonly settings: ApiSettings;
  /** Tells the scheduler of this process that there is something new: a hint, never needed. */
  readonly onChange?: () => void;
}
