/** Lets deeds follow one another in the order they were asked for; one that fails does not hold up the next. */
export class OneAtATime {
  private last: Promise<unknown> = Promise.resolve();

  run<T>(deed: () => Promise<T>): Promise<T> {
    const turn = this.last.then(deed);
    this.last = turn.catch(() => undefined);
    return turn;
  }
}
