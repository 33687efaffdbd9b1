import { afterEach, expect, test } from 'vitest';
import { openPort } from './port.ts';
import type { FromHost, ToHost } from './protocol.ts';

/** The part of Electron's process that a utility process has and plain Node has not. */
const utility: { parentPort?: unknown } = process as object;

afterEach(() => {
  delete utility.parentPort;
});

test("in Electron's utility process messages go through its parent port", async () => {
  const sent: FromHost[] = [];
  let hear: (event: { data: ToHost }) => void = () => {};
  utility.parentPort = {
    on: (_event: 'message', listener: typeof hear) => {
      hear = listener;
    },
    postMessage: (message: FromHost) => sent.push(message),
  };
  const port = openPort();
  const received: ToHost[] = [];
  port.onMessage((message) => received.push(message));
  hear({ data: { type: 'cancel' } });
  port.send({ type: 'verified' });
  await port.flush();
  expect(received).toEqual([{ type: 'cancel' }]);
  expect(sent).toEqual([{ type: 'verified' }]);
});

test('a process without a parent cannot be a host', () => {
  const { send } = process;
  delete process.send;
  try {
    expect(openPort).toThrow('no parent');
  } finally {
    if (send !== undefined) process.send = send;
  }
});
