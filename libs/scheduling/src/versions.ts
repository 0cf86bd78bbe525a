/** Numbers the states of something that changes: a state that is restored gets its old number back, any other a fresh one. */
export class Versions {
  private made = 0;
  private standing = 0;

  get current(): number {
    return this.standing;
  }

  /** Goes on to a state that has not been before, and tells its number. */
  advance(): number {
    this.standing = ++this.made;
    return this.standing;
  }

  /** The change from `before` to `after` was undone: the state is the old one, unless something else has changed since. */
  restore(before: number, after: number): void {
    if (this.standing === after) this.standing = before;
    else this.advance();
  }
}
