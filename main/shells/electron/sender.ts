// Who may speak to this process: our own page, and not a frame in it.
import type { Frame, SenderEvent } from './electron-parts.ts';
import { isOwnUrl } from './origin.ts';

/** The frame that sent a message where it is our page; undefined: it is somebody else, or gone. */
export function ownFrame({ senderFrame }: SenderEvent): Frame | undefined {
  if (senderFrame === null || senderFrame.parent !== null || !isOwnUrl(senderFrame.url)) return undefined;
  return senderFrame;
}
