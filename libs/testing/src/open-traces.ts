import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** The logs and expected results of others, which lie beside the checkout and may not be copied into it. */
export const openTraces = join(__dirname, '../../../../shared/traces');

/**
 * `describe` for tests that read them. Where they are missing the tests fail under CI=true; elsewhere they are skipped and say so.
 *
 * @param what is skipped, as the beginning of a sentence
 */
export function describeWithTraces(what: string): typeof describe {
  if (existsSync(openTraces)) return describe;
  console.warn(`${what} skipped: no traces at ${openTraces}. Under CI=true this is a failure.`);
  return process.env['CI'] === 'true' ? describe : describe.skip;
}

/** The text of an open log. */
export const openTraceText = (name: string): string =>
  gunzipSync(readFileSync(join(openTraces, 'swf', `${name}.swf.gz`))).toString('latin1');
