import type { WaitingVerdict } from '#libs/scheduling';

const MIN_MOVE_SECONDS = 600;
const MIN_MOVE_SHARE = 0.2;

/**
 * Decides which verdicts are worth a write: a new reason, or an estimate that moved by more than max(10 min, 20 % of the wait
 * still ahead) — the rule by which promises are re-issued (DESIGN.md 5). Without it 100,000 waiting jobs would cost 100,000
 * row updates a second to say the same again.
 */
export class VerdictDiary {
  private said = new Map<string, { refusal: string; estimatedStart: number | null; poolId: string | null }>();

  changed(waiting: readonly WaitingVerdict[], now: number): readonly WaitingVerdict[] {
    const next: typeof this.said = new Map();
    const news: WaitingVerdict[] = [];
    for (const verdict of waiting) {
      const before = this.said.get(verdict.jobId);
      const keep =
        before && before.refusal === verdict.refusal && !moved(before.estimatedStart, verdict.estimatedStart, now);
      if (!keep) news.push(verdict);
      next.set(verdict.jobId, keep ? before : verdict);
    }
    this.said = next;
    return news;
  }

  forget(): void {
    this.said = new Map();
  }
}

function moved(before: number | null, after: number | null, now: number): boolean {
  if (before === null || after === null) return before !== after;
  return Math.abs(after - before) > Math.max(MIN_MOVE_SECONDS, MIN_MOVE_SHARE * Math.max(0, before - now));
}
