import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { readTraceText } from '#libs/config';
import { backfillModes, orderNames } from '#libs/scheduling';
import { cleanProtocolA, parseSwf, processorsOf, scheduleText, simulate } from '#libs/simulation';
import { CliError } from '../exit.js';
import { printData, printJson, table } from '../output.js';

interface SimulateOptions {
  readonly trace: string;
  readonly order: (typeof orderNames)[number];
  readonly backfill: (typeof backfillModes)[number];
  readonly processors?: number;
  readonly first?: number;
  readonly count?: number;
  readonly starts?: string;
  readonly json?: boolean;
}
