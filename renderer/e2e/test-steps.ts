// Steps of one story: tests in an order.
import { afterEach, beforeEach } from 'vitest';

/** In a describe: each test stands on those before it, so that after the first that fails the rest is skipped. */
export function stepByStep(): void {
  let broken = false;
  beforeEach(({ skip }) => {
    if (broken) skip('a step before it failed');
  });
  afterEach(({ task }) => {
    broken ||= task.result?.state === 'fail';
  });
}
