import { onceASecond } from './once-a-second.js';

it('asks again after a second and not before', async () => {
  let [at, asked] = [5, 0];
  const answer = onceASecond(
    async () => (asked += 1),
    () => at,
  );
  const answers = [];
  for (at of [5, 1_004, 1_005, 1_006]) answers.push(await answer());
  expect(answers).toEqual([1, 1, 2, 2]);
});

it('goes by no clock that somebody sets', async () => {
  const set = jest.spyOn(Date, 'now').mockReturnValue(2e12);
  const running = jest.spyOn(performance, 'now').mockReturnValue(10_000);
  let asked = 0;
  const answer = onceASecond(async () => (asked += 1));
  await answer();
  set.mockReturnValue(1e12);
  running.mockReturnValue(11_000);
  expect(await answer()).toBe(2);
  set.mockRestore();
  running.mockRestore();
});
