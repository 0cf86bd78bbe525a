import {
  type Catalogue,
  type Instant,
  type JobRequest,
  type Tenant,
  HOUR_MS,
  compareKeys,
  hourStart,
} from '#libs/domain';
import { type DemandStream, arrivalsInHour, expectedInHour } from './arrivals.js';
import { DemandCalendar } from './demand-calendar.js';
import { jobName } from './job-names.js';
import { type Offer, offersOf } from './offers.js';
import { sampleRequest } from './sample-request.js';

export interface SampleJob {
  readonly at: Instant;
  readonly tenantId: string;
  readonly request: JobRequest;
}
export interface SampleDemandOptions {
  /** Any text; another text is another city with the same habits. */
  readonly seed: string;
  /** Jobs a workday relative to the seeds; default 1. */
  readonly intensity?: number;
  /** Of the catalogue's calendars; default the first. */
  readonly calendarId?: string;
}

/** Hours whose jobs are kept, because a clock that is asked each second stays in one hour for 3,600 questions. */
const KEPT_HOURS = 4;

/** The work that the sample tenants of a catalogue bring in, as a pure function of seed and time. */
export class SampleDemand {
  readonly streams: readonly DemandStream[];
  readonly calendar: DemandCalendar;
  private readonly tenants: ReadonlyMap<string, Tenant>;
  private readonly kindNames: ReadonlyMap<string, string>;
  private readonly offers: readonly Offer[];
  private readonly intensity: number;
  private readonly recent = new Map<Instant, readonly SampleJob[]>();

  /** Throws RangeError when the catalogue has no such calendar, or the intensity is not a number above zero. */
  constructor(
    catalogue: Catalogue,
    private readonly options: SampleDemandOptions,
  ) {
    const { calendarId } = options;
    const calendar = catalogue.calendars.find(({ id }) => calendarId === undefined || id === calendarId);
    if (!calendar)
      throw new RangeError(`the catalogue has no calendar ${calendarId ?? 'at all'}: add one to the seeds`);
    this.intensity = options.intensity ?? 1;
    if (!(this.intensity > 0 && this.intensity < Infinity)) {
      throw new RangeError(`a demand intensity of ${this.intensity} makes no sense: give a number above 0`);
    }
    this.calendar = new DemandCalendar(calendar);
    const sample = catalogue.tenants.filter((tenant) => tenant.sample);
    this.tenants = new Map(sample.map((tenant) => [tenant.id, tenant]));
    this.streams = sample.flatMap((tenant) => tenant.jobs.map((job, index) => ({ tenantId: tenant.id, job, index })));
    this.kindNames = new Map(catalogue.jobKinds.map((kind) => [kind.id, kind.name.zh]));
    this.offers = offersOf(catalogue);
  }

  /** All jobs submitted in [from, until), in order; the same whether asked in one piece or in many. */
  between(from: Instant, until: Instant): SampleJob[] {
    const jobs: SampleJob[] = [];
    for (let hour = hourStart(from); hour < until; hour += HOUR_MS) {
      for (const job of this.inHour(hour)) if (job.at >= from && job.at < until) jobs.push(job);
    }
    return jobs;
  }

  /** Jobs that the calendar leads one to expect of a stream in an hour. */
  expected(stream: DemandStream, hour: Instant): number {
    return this.intensity * expectedInHour(stream, hour, this.calendar);
  }

  private inHour(hour: Instant): readonly SampleJob[] {
    const known = this.recent.get(hour);
    if (known) return known;
    const jobs = this.streams.flatMap((stream) => this.ofStream(stream, hour)).toSorted(byTime);
    this.recent.set(hour, jobs);
    const oldest = this.recent.keys().next().value;
    if (this.recent.size > KEPT_HOURS && oldest !== undefined) this.recent.delete(oldest);
    return jobs;
  }

  private ofStream(stream: DemandStream, hour: Instant): SampleJob[] {
    const { job, tenantId } = stream;
    const tenant = this.tenants.get(tenantId)!;
    const kind = this.kindNames.get(job.kind) ?? job.kind;
    const arrivals = arrivalsInHour(stream, hour, this.expected(stream, hour), this.options.seed);
    return arrivals.flatMap((arrival, index) => {
      const { at } = arrival;
      const name = (random: typeof arrival.random): string =>
        jobName(kind, job.class, { at, random, number: index + 1 });
      const request = sampleRequest({ tenant, job, name }, arrival, this.offers);
      return request ? [{ at, tenantId, request }] : [];
    });
  }
}

/** Jobs of one millisecond go by tenant, then in the order of the tenant's kinds, which the stable sort keeps. */
const byTime = (a: SampleJob, b: SampleJob): number => a.at - b.at || compareKeys(a.tenantId, b.tenantId);
