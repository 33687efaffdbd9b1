// The studio over a MessagePort: the preload script of the window hands one over whenever the page asks.
import { RPCLink } from '@orpc/client/message-port';
import { portGiven, portWanted } from '../../../main/api/desktop.ts';
import type { OpenTransport } from './connection.ts';

export function portTransport(page: Window): OpenTransport {
  return (signal) =>
    new Promise((resolve, reject) => {
      const giveUp = () => {
        page.removeEventListener('message', onMessage);
        reject(new Error('the application does not answer'));
      };
      const onMessage = (event: MessageEvent<unknown>) => {
        const port = event.ports[0];
        // Only our own preload script speaks in this window's name.
        if (event.source !== page || event.data !== portGiven || port === undefined) return;
        page.removeEventListener('message', onMessage);
        signal.removeEventListener('abort', giveUp);
        const closed = new Promise<void>((over) => {
          port.addEventListener('close', () => over());
        });
        port.start();
        resolve({ link: new RPCLink({ port }), closed, close: () => port.close() });
      };
      page.addEventListener('message', onMessage);
      signal.addEventListener('abort', giveUp);
      page.postMessage(portWanted, page.location.origin);
    });
}
