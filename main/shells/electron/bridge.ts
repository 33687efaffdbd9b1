// The preload script's work: hands the page a port when it asks, and offers it the dialogs and the paths of dropped
// files. It runs sandboxed, in a world apart from the page's.
import { type Desktop, desktopName, type PickRequest, portGiven, portWanted } from '../../api/desktop.ts';
import { channels } from './channels.ts';
import { isOwnUrl } from './origin.ts';

/** What is used of the page's window. */
export interface PageWindow {
  readonly location: { readonly href: string; readonly origin: string };
  addEventListener(type: 'message', listener: (event: PageMessage) => void): void;
  postMessage(message: unknown, origin: string, transfer: readonly unknown[]): void;
}

export interface PageMessage {
  readonly source: unknown;
  readonly data: unknown;
}

export interface BridgeParts {
  page: PageWindow;
  ipc: {
    send(channel: string): void;
    invoke(channel: string, request: unknown): Promise<unknown>;
    on(channel: string, listener: (event: { ports: readonly unknown[] }) => void): unknown;
  };
  /** Gives the page an object under a name. */
  expose: (name: string, offered: object) => void;
  pathOf: (file: unknown) => string;
}

export function installBridge({ page, ipc, expose, pathOf }: BridgeParts): void {
  // Nothing for whatever else may ever be shown in a window of ours.
  if (!isOwnUrl(page.location.href)) return;
  page.addEventListener('message', ({ source, data }) => {
    if (source === page && data === portWanted) ipc.send(channels.connect);
  });
  ipc.on(channels.port, ({ ports }) => page.postMessage(portGiven, page.location.origin, ports));
  const desktop: Desktop = {
    async pick(request: PickRequest) {
      const paths = await ipc.invoke(channels.pick, request);
      return Array.isArray(paths) ? paths.map(String) : [];
    },
    pathOf,
  };
  expose(desktopName, desktop);
}
