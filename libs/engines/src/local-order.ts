import type { DispatchOrder } from '#libs/application';
import { isUuid } from '#libs/domain';
import { jobFiles } from './local-shim.js';

/** One argument or variable may be 128 KiB with its end mark (MAX_ARG_STRLEN of Linux). */
const MAX_ARGUMENT_BYTES = 128 * 1024 - 1;
/** Half of what Linux gives arguments and environment together under the usual 8 MiB stack. */
const MAX_ARGUMENTS_BYTES = 1024 * 1024;
const MAX_SCRIPT_BYTES = 1024 * 1024;
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Why this machine will never run the order; null when it can try. */
export function objectionToOrder(order: DispatchOrder): string | null {
  const { image, command, script, environment = {} } = order.run;
  if (!isUuid(order.attemptId)) return 'the attempt id is not a UUID';
  if (order.nodes !== 1) return `it asks for ${order.nodes} nodes, and a local pool is one machine`;
  if (image !== undefined) return 'the local engine runs no images; send a command or a script without one';
  if (command !== undefined && script !== undefined) return 'it has both a command and a script; send one of them';
  if (script !== undefined && script.length > 0)
    return objectionToScript(script) ?? objectionToArguments([], environment);
  if (command?.[0] === undefined || command[0] === '') return 'there is nothing to run; send a command or a script';
  return objectionToArguments(command, environment);
}

/** The command as it is, or the script by the shell from its file: never a string for a shell to take apart. */
export const argumentsOf = (order: DispatchOrder, work: string): readonly string[] =>
  order.run.script === undefined ? (order.run.command ?? []) : ['/bin/sh', `${work}/${jobFiles.script}`];

/**
 * The whole environment of the command. Nothing of the service's own is handed on: it holds the database's address and keys.
 */
export function environmentOf(order: DispatchOrder, work: string): Readonly<Record<string, string>> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LANG: 'C.UTF-8',
    HOME: work,
    PWD: work,
    TMPDIR: work,
    ...order.run.environment,
    [ATTEMPT_VARIABLE]: order.attemptId,
    CHUSUAN_JOB_ID: order.jobId,
    ...cardsOf(order),
  };
}

/** Which cards of this machine it was given, and how much of each. Told, not enforced: the job is trusted to keep to them. */
function cardsOf({ sharing }: DispatchOrder): Readonly<Record<string, string>> {
  if (!sharing) return {};
  return {
    CHUSUAN_CARDS: (sharing.devices[0] ?? []).join(','),
    CHUSUAN_CARD_MILLI: String(sharing.milli),
    CHUSUAN_CARD_SHARING: sharing.kind,
  };
}

/** Marks every process of a job, wherever it moved to: how what a dead shim left behind is found. */
export const ATTEMPT_VARIABLE = 'CHUSUAN_ATTEMPT_ID';

function objectionToScript(script: string): string | null {
  if (script.includes('\0')) return 'the script contains a NUL byte';
  const bytes = Buffer.byteLength(script);
  return bytes > MAX_SCRIPT_BYTES ? `the script has ${bytes} bytes, and at most ${MAX_SCRIPT_BYTES} are taken` : null;
}

function objectionToArguments(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
): string | null {
  const misnamed = Object.keys(environment).find((name) => !variableName.test(name));
  if (misnamed !== undefined) return `${JSON.stringify(misnamed.slice(0, 40))} is no name of an environment variable`;
  const texts = [...command, ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)];
  if (texts.some((text) => text.includes('\0'))) return 'the command or its environment contains a NUL byte';
  const sizes = texts.map((text) => Buffer.byteLength(text));
  const longest = sizes.reduce((most, size) => Math.max(most, size), 0);
  if (longest > MAX_ARGUMENT_BYTES)
    return `one argument has ${longest} bytes, and at most ${MAX_ARGUMENT_BYTES} are taken`;
  // Each also costs its end mark and a pointer.
  const total = sizes.reduce((sum, size) => sum + size + 9, 0);
  if (total <= MAX_ARGUMENTS_BYTES) return null;
  return `its arguments have ${total} bytes together, and at most ${MAX_ARGUMENTS_BYTES} are taken`;
}
