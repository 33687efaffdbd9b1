import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { socketUrl, webSocketTransport } from './websocket-transport.ts';

class FakeSocket extends EventTarget {
  static last: FakeSocket | undefined;
  readyState = 0;
  closes = 0;
  readonly url: string;
  constructor(url: string) {
    super();
    this.url = url;
    FakeSocket.last = this;
  }
  send(): void {}
  close(): void {
    this.closes++;
    this.dispatchEvent(new Event('close'));
  }
}

beforeEach(() => vi.stubGlobal('WebSocket', FakeSocket));
afterEach(() => vi.unstubAllGlobals());

describe('the WebSocket', () => {
  it("lies below the page's own origin, whatever the page's path", () => {
    expect(socketUrl('http://127.0.0.1:8420/?token=x#/runs')).toBe('ws://127.0.0.1:8420/rpc');
    expect(socketUrl('https://studio.example/')).toBe('wss://studio.example/rpc');
  });

  it('is given up while it opens, but stays open afterwards', async () => {
    const control = new AbortController();
    const opening = webSocketTransport('ws://x/rpc')(control.signal);
    FakeSocket.last?.dispatchEvent(new Event('open'));
    await opening;
    control.abort();
    expect(FakeSocket.last?.closes).toBe(0);

    const late = new AbortController();
    const never = webSocketTransport('ws://x/rpc')(late.signal);
    late.abort();
    await expect(never).rejects.toThrow('does not answer');
  });

  it('tells when it is closed', async () => {
    const opening = webSocketTransport('ws://x/rpc')(new AbortController().signal);
    FakeSocket.last?.dispatchEvent(new Event('open'));
    const { closed, close } = await opening;
    close();
    await expect(closed).resolves.toBeUndefined();
  });
});
