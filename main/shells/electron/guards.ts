// What the page may not do: go elsewhere, open windows, ask for the machine's devices, save what is not its own.
import type { Contents, Navigation, Session } from './electron-parts.ts';
import { isOwnUrl } from './origin.ts';

/** Copying a text is all that the page asks for. */
const allowed: ReadonlySet<string> = new Set(['clipboard-sanitized-write']);

/** For every page that is ever made, whoever makes it. */
export function guardContents(contents: Contents, log: (line: string) => void): void {
  contents.setWindowOpenHandler(({ url }) => {
    log(`a new window was refused: ${url.slice(0, 200)}`);
    return { action: 'deny' };
  });
  const stay = (navigation: Navigation) => {
    if (isOwnUrl(navigation.url)) return;
    log(`going elsewhere was refused: ${navigation.url.slice(0, 200)}`);
    navigation.preventDefault();
  };
  contents.on('will-navigate', stay);
  contents.on('will-frame-navigate', stay);
  contents.on('will-redirect', stay);
  contents.on('will-attach-webview', (event) => event.preventDefault());
}

export function guardSession(session: Session): void {
  session.setPermissionRequestHandler((_contents, permission, callback, { requestingUrl }) =>
    callback(allowed.has(permission) && isOwnUrl(requestingUrl)),
  );
  session.setPermissionCheckHandler(
    (_contents, permission, origin) => allowed.has(permission) && isOwnUrl(origin),
  );
  session.setDevicePermissionHandler(() => false);
}

/** What the page makes itself (reports, tables) is saved where the user says; anything else is not. */
export function guardDownloads(session: Session): void {
  session.on('will-download', (event, item) => {
    const url = item.getURL();
    const own = url.startsWith('blob:') ? isOwnUrl(url.slice('blob:'.length)) : isOwnUrl(url);
    if (!own) return event.preventDefault();
    item.setSaveDialogOptions({ title: 'Save', defaultPath: item.getFilename() });
  });
}
