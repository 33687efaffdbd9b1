// The page's own address. Everything that it loads lies below it.

export const scheme = 'app';
export const host = 'studio';
export const pageUrl = `${scheme}://${host}/`;

/** Told to Electron before it is ready. Standard: it has an origin; secure: as https. */
export const privilegedScheme = {
  scheme,
  privileges: { standard: true, secure: true, supportFetchAPI: true },
};

/** The address of one of the page's screens, e.g. '/runs'. */
export function screenUrl(to: string): string {
  return `${pageUrl}#${to}`;
}

/** Whether an address is the page's, or below it. */
export function isOwnUrl(url: string): boolean {
  try {
    const { protocol, host: name, username, password } = new URL(url);
    return protocol === `${scheme}:` && name === host && username === '' && password === '';
  } catch {
    return false;
  }
}
