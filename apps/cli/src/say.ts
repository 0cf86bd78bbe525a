/** Messages go to stderr; stdout is for data. */
export const say = (text: string): void => void process.stderr.write(`${text}\n`);
