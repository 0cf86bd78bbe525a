export * from './demand-run-store.js';
export * from './demand-source.js';
export * from './play-demand.js';
export { SampleSource, type SamplePlanOptions, samplePlan } from './sample-source.js';
export { TraceSource, type TraceToPlay, tracePlan } from './trace-source.js';
