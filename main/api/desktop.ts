// What the window offers its page besides the contract, which is the same in a browser: the system's own dialogs, the
// paths of files that were dropped, and the port over which the contract is spoken.

/** The name under which the page finds it; in a browser there is nothing. */
export const desktopName = 'alexnetDesktop';

/** The page asks its window for a port with this message, ... */
export const portWanted = 'alexnet-studio:connect';
/** ... and gets it with this one. */
export const portGiven = 'alexnet-studio:port';

export interface PickRequest {
  title: string;
  pick: 'folder' | 'file';
  /** Which files may be picked. */
  files?: 'none' | 'images' | 'models' | 'text' | 'all';
  /** Where to begin; not given: where the system thinks. */
  start?: string;
  many?: boolean;
}

export interface Desktop {
  /** Absolute paths; empty: nothing was picked. */
  pick(request: PickRequest): Promise<string[]>;
  /** The path of a dropped or picked File; empty where it has none, such as one from the clipboard. */
  pathOf(file: unknown): string;
}
