import { type ApiUnderTest, anApi, type Wishes } from './api-under-test.js';
import { type Ask, asking, contractOf } from './client.js';

/**
 * One API for all tests of a file, opened before the first of them and closed after the last. Its fields are there from the first
 * hook on that is set after this call, not while the file is read.
 */
export function anApiForAll(wishes: Wishes = {}): { readonly api: ApiUnderTest; readonly ask: Ask } {
  const api = {} as ApiUnderTest;
  let opened: ApiUnderTest | undefined;
  let asked: Ask;
  beforeAll(async () => {
    opened = await anApi(wishes);
    Object.assign(api, opened);
    asked = asking(opened, await contractOf(opened));
  });
  afterAll(() => opened?.close());
  return { api, ask: (...all) => asked(...all) };
}
