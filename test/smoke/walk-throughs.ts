import { readFileSync } from 'node:fs';

export interface WalkThrough {
  readonly name: string;
  readonly script: string;
  readonly commands: number;
  /** Texts that must be in what it prints. */
  readonly wants: readonly string[];
}

/**
 * The walk-throughs of the README: each is a fenced bash block behind `<!-- walk-through: NAME; wants: a | b -->`. A command
 * is a line that is not a comment, not empty and not the inside of a here-document or the rest of a continued line.
 */
export function walkThroughs(readme: string): readonly WalkThrough[] {
  const text = readFileSync(readme, 'utf8');
  const blocks = text.matchAll(
    /<!-- walk-through: (?<name>[^;>]+?)(?:; wants: (?<wants>[^>]+?))? -->\s*```bash\n(?<script>[\s\S]*?)```/g,
  );
  const found = [...blocks].map(({ groups }) => ({
    name: groups?.['name']?.trim() ?? '',
    script: groups?.['script'] ?? '',
    commands: countCommands(groups?.['script'] ?? ''),
    wants: (groups?.['wants'] ?? '')
      .split('|')
      .map((want) => want.trim())
      .filter(Boolean),
  }));
  if (found.length === 0)
    throw new Error(`${readme} has no walk-through: each needs a comment "walk-through: NAME" above its bash block`);
  return found;
}

function countCommands(script: string): number {
  let count = 0;
  let until: string | null = null;
  let continued = false;
  for (const line of script.split('\n')) {
    if (until !== null) {
      if (line === until) until = null;
      continue;
    }
    const isCommand = line.trim() !== '' && !line.startsWith('#') && !continued;
    if (isCommand) count += 1;
    continued = line.endsWith('\\');
    until = /<<'?([A-Z]+)'?/.exec(line)?.[1] ?? null;
  }
  return count;
}
