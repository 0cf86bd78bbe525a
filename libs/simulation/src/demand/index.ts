export { type DemandStream, expectedInHour } from './arrivals.js';
export { DemandCalendar } from './demand-calendar.js';
export { RandomStream, stableFraction } from './random.js';
export { SampleDemand, type SampleDemandOptions, type SampleJob } from './sample-demand.js';
export { cardsOf, sigmaOf } from './sample-request.js';
export { initialJobs } from './warm-up.js';
