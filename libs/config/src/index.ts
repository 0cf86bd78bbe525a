export { type Fault, renderFaults } from './fault.js';
export { type LoadedPolicy, type PolicyFile, loadPolicy, parsePolicy, renderPolicy } from './load-policy.js';
export { type LoadedSeeds, type SeedFault, loadSeeds } from './load-seeds.js';
export {
  type ParsedSettings,
  type SettingDescription,
  type Settings,
  describeSettings,
  parseSettings,
  renderSettings,
} from './settings.js';
export { type ReadLog, type ReadTrace, type TraceFault, readTrace, renderTraceFaults } from './read-trace.js';
export { type LoadedTraceMappings, type TraceMappingFile, loadTraceMappings } from './trace-mapping.js';
