import { describe, expect, it } from 'vitest';
import { portGiven, portWanted } from '../../../main/api/desktop.ts';
import { portTransport } from './port-transport.ts';

/** A window whose preload script answers with a port, as far as `answers` says so. */
class FakeWindow extends EventTarget {
  readonly location = { origin: 'app://studio' };
  readonly asked: unknown[] = [];
  readonly channel = new MessageChannel();

  postMessage(message: unknown): void {
    this.asked.push(message);
  }

  answer(source: unknown = this): void {
    const event = Object.assign(new Event('message'), {
      data: portGiven,
      source,
      ports: [this.channel.port1],
    });
    this.dispatchEvent(event);
  }
}

const open = (page: FakeWindow, signal = new AbortController().signal) =>
  portTransport(page as unknown as Window)(signal);

describe('the port', () => {
  it('is asked for and taken from the own window alone', async () => {
    const page = new FakeWindow();
    const opening = open(page);
    expect(page.asked).toEqual([portWanted]);
    page.answer({ another: 'window' });
    await expect(Promise.race([opening, Promise.resolve('waiting')])).resolves.toBe('waiting');
    page.answer();
    const { close } = await opening;
    close();
    page.channel.port2.close();
  });

  it('is given up where nobody answers', async () => {
    const control = new AbortController();
    const opening = open(new FakeWindow(), control.signal);
    control.abort();
    await expect(opening).rejects.toThrow('does not answer');
  });
});
