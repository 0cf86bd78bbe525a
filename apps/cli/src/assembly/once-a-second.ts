/**
 * Probes come as often as they like; who is asked hears of them once a second. By a clock that never goes back: the wall's, set
 * back an hour, would keep an answer for that hour.
 */
export function onceASecond<T>(
  ask: () => Promise<T>,
  stopwatchMs: () => number = () => performance.now(),
): () => Promise<T> {
  let last: { readonly at: number; readonly answer: Promise<T> } | null = null;
  return () => {
    const at = stopwatchMs();
    if (last === null || at - last.at >= 1_000) last = { at, answer: ask() };
    return last.answer;
  };
}
