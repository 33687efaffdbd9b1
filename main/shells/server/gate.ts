// Who may ask: only pages that this server gave out, under its own name, with its token.
//
// A foreign page can make a browser send requests here, with this server's cookie where SameSite does not hold it
// back, or under a name of its own that resolves to 127.0.0.1. Host and Origin tell.
import type { IncomingHttpHeaders } from 'node:http';
import { isToken } from './token.ts';

export interface GateOptions {
  port: number;
  token: string;
}

export type Admission = { admitted: true } | { admitted: false; status: 400 | 401 | 403; reason: string };

const noToken = 'Open the address that "serve" printed: it carries the token that this page needs.';

export class Gate {
  readonly #hosts: ReadonlySet<string>;
  readonly #token: string;
  readonly cookieName: string;

  constructor({ port, token }: GateOptions) {
    this.#hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`]);
    this.#token = token;
    // Cookies are shared by all ports of a name.
    this.cookieName = `alexnet-studio-${port}`;
  }

  /** Sent when the token came in the address, so that it need not stay there. */
  cookie(): string {
    return `${this.cookieName}=${this.#token}; HttpOnly; SameSite=Strict; Path=/; Max-Age=31536000`;
  }

  isToken(given: string | undefined): boolean {
    return isToken(given, this.#token);
  }

  /** The name under which it is asked: another one is another page's. */
  checkHost(headers: IncomingHttpHeaders): Admission {
    if (this.#hosts.has(headers.host ?? '')) return { admitted: true };
    return { admitted: false, status: 403, reason: 'This server answers to 127.0.0.1 and localhost only.' };
  }

  /**
   * `changes`: what it asks for changes something, or is a socket; then a browser's request must say that it comes
   * from our own page.
   */
  check(headers: IncomingHttpHeaders, { changes }: { changes: boolean }): Admission {
    const host = this.checkHost(headers);
    if (!host.admitted) return host;
    const { origin } = headers;
    if (origin !== undefined && origin !== `http://${headers.host}`) {
      return { admitted: false, status: 403, reason: 'Requests of other pages are refused.' };
    }
    const site = headers['sec-fetch-site'];
    if (site === 'cross-site' || site === 'same-site') {
      return { admitted: false, status: 403, reason: 'Requests of other pages are refused.' };
    }
    const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
    if (bearer !== undefined) {
      return this.isToken(bearer)
        ? { admitted: true }
        : { admitted: false, status: 403, reason: 'This token is not the one of this server.' };
    }
    const cookie = readCookie(headers.cookie, this.cookieName);
    if (cookie === undefined) return { admitted: false, status: 401, reason: noToken };
    if (!this.isToken(cookie)) return { admitted: false, status: 403, reason: noToken };
    // A cookie goes along by itself: only with an origin is it our page that asks.
    if (changes && origin === undefined) {
      return { admitted: false, status: 403, reason: 'The request does not say which page it comes from.' };
    }
    return { admitted: true };
  }
}

function readCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}
