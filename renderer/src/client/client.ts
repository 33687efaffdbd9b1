// The client that screens use, given to them by the application.
import { createORPCClient, type NestedClient } from '@orpc/client';
import { type InjectionKey, inject } from 'vue';
import type { StudioClient } from '../../../main/api/contract.ts';
import { Connection, type OpenTransport } from './connection.ts';
import { portTransport } from './port-transport.ts';
import { socketUrl, webSocketTransport } from './websocket-transport.ts';

export interface Studio {
  client: StudioClient;
  connection: Connection;
}

export const studioKey: InjectionKey<Studio> = Symbol('studio');

/** The window's page comes from app://, the browser's from http. */
export function chooseTransport(page: Window): OpenTransport {
  return page.location.protocol === 'app:'
    ? portTransport(page)
    : webSocketTransport(socketUrl(page.location.href));
}

export function connect(open: OpenTransport): Studio {
  const connection = new Connection(open);
  // What createORPCClient makes is a proxy of any path; the contract says which paths there are.
  const client: unknown = createORPCClient<NestedClient<Record<never, never>>>(connection);
  return { client: client as StudioClient, connection };
}

export function useStudio(): Studio {
  const studio = inject(studioKey);
  if (studio === undefined) throw new Error('no studio was provided to this component');
  return studio;
}

export function useClient(): StudioClient {
  return useStudio().client;
}
