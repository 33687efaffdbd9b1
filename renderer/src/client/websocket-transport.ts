// The studio over a WebSocket: the page came from `serve`, which is where it is reached.
import { RPCLink } from '@orpc/client/websocket';
import type { OpenTransport } from './connection.ts';

/** Below the page's own origin; the session's cookie says who asks. */
export function socketUrl(page: string): string {
  const url = new URL('/rpc', page);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

/** `signal` gives up opening; an open link ends by close() alone. */
export function webSocketTransport(url: string): OpenTransport {
  return (signal) =>
    new Promise((resolve, reject) => {
      const websocket = new WebSocket(url);
      const giveUp = () => websocket.close();
      const closed = new Promise<void>((over) => {
        websocket.addEventListener('close', () => {
          over();
          reject(new Error('the studio does not answer'));
        });
      });
      signal.addEventListener('abort', giveUp);
      websocket.addEventListener('open', () => {
        signal.removeEventListener('abort', giveUp);
        resolve({ link: new RPCLink({ websocket }), closed, close: () => websocket.close() });
      });
    });
}
