import { LineCounter, type Document, isNode, parseDocument } from 'yaml';
import type { Fault } from './fault.js';

export interface SeedFault extends Fault {
  /** Relative to the seeds directory. */
  readonly file: string;
  /** Keys joined by dots; an item of a list is named by its id where it has one: `pools[ezhou-yueke].pueAnnual.value`. */
  readonly path: string;
  readonly line?: number;
}
export type SeedPath = readonly (string | number)[];

/** One YAML file, and the way from a path in it back to its line. */
export class SeedDocument {
  readonly data: unknown;
  private readonly document: Document;
  private readonly lines = new LineCounter();

  constructor(
    readonly file: string,
    text: string,
  ) {
    this.document = parseDocument(text, { lineCounter: this.lines, prettyErrors: false });
    this.data = this.document.errors.length === 0 ? this.document.toJS() : undefined;
  }

  /** What YAML itself refuses; empty when the text could be read. */
  syntaxFaults(): SeedFault[] {
    return this.document.errors.map((error) => {
      const { line } = this.lines.linePos(error.pos[0]);
      return {
        file: this.file,
        path: '',
        line,
        where: `${this.file}:${line}`,
        problem: `is no YAML here: ${error.message}`,
        remedy: 'mind indentation, quotes and duplicate keys of this line and the one before',
      };
    });
  }

  fault(path: SeedPath, problem: string, remedy: string): SeedFault {
    const line = this.lineOf(path);
    const text = this.nameOf(path);
    const at = line === undefined ? this.file : `${this.file}:${line}`;
    return { file: this.file, path: text, line, where: text === '' ? at : `${at} ${text}`, problem, remedy };
  }

  /** The line of the deepest part of the path that is there: a missing key points to the mapping that lacks it. */
  private lineOf(path: SeedPath): number | undefined {
    for (let depth = path.length; depth >= 0; depth -= 1) {
      const node = depth === 0 ? this.document.contents : this.document.getIn(path.slice(0, depth), true);
      if (isNode(node) && node.range) return this.lines.linePos(node.range[0]).line;
    }
    return undefined;
  }

  private nameOf(path: SeedPath): string {
    let at = this.data;
    let text = '';
    for (const step of path) {
      at = at !== null && typeof at === 'object' ? (at as Record<string | number, unknown>)[step] : undefined;
      if (typeof step === 'string') text += text === '' ? step : `.${step}`;
      else text += `[${idOf(at) ?? step}]`;
    }
    return text;
  }
}

const idOf = (item: unknown): string | undefined =>
  item !== null && typeof item === 'object' && 'id' in item && typeof item.id === 'string' ? item.id : undefined;
