import type { RunEndings } from './global-setup.js';

/** Ends what global-setup.ts began, also when tests failed. */
async function globalTeardown(): Promise<void> {
  await (globalThis as { chusuanTestRun?: RunEndings }).chusuanTestRun?.run?.();
}

// oxlint-disable-next-line import/no-default-export -- the one form jest takes
export default globalTeardown;
