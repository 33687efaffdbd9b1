// Each row of the security design of `serve`, against a server on a real port.
import { statSync, symlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestServer } from './testing/test-server.ts';

let test: TestServer;
let own: Record<string, string>;

beforeAll(async () => {
  test = await TestServer.start();
  own = test.ownHeaders;
});
afterAll(() => test.close());

describe('the token', () => {
  it('is random, in a file of its owner alone, and in the address', () => {
    expect(statSync(test.folder.path('home/serve-token')).mode & 0o777).toBe(0o600);
    expect(test.token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(test.server.url).toBe(`${test.origin}/?token=${test.token}`);
  });

  it('is wanted for everything', async () => {
    for (const path of ['/', '/assets/main.js', '/images/mean/abc', '/rpc', '/photos', '/nothing']) {
      const answer = await test.get(path);
      expect(answer.status, path).toBe(401);
      expect(answer.body, path).not.toContain('<title>');
    }
  });

  it('is refused where it is wrong, by cookie, header and address alike', async () => {
    const wrong = 'x'.repeat(43);
    const cookie = `alexnet-studio-${test.server.port}=${wrong}`;
    expect((await test.get('/', { Cookie: cookie })).status).toBe(403);
    expect((await test.get('/', { Authorization: `Bearer ${wrong}` })).status).toBe(403);
    const entered = await test.get(`/?token=${wrong}`);
    expect(entered.status).toBe(403);
    expect(entered.headers.has('set-cookie')).toBe(false);
    expect((await test.get('/?token=')).status).toBe(403);
  });

  it('moves from the address into a cookie that scripts and other sites do not get', async () => {
    const entered = await test.get(`/?token=${test.token}`);
    expect(entered.status).toBe(303);
    expect(entered.headers.get('location')).toBe('/');
    const cookie = entered.headers.get('set-cookie') ?? '';
    expect(cookie).toContain('HttpOnly');
    expect(cookie).toContain('SameSite=Strict');
    const page = await test.get('/', { Cookie: cookie.split(';')[0] ?? '' });
    expect(page.status).toBe(200);
    expect(page.body).toContain('<title>page</title>');
  });

  it('opens the page where the address is clicked on another one, which learns nothing by it', async () => {
    const entered = await test.get(`/?token=${test.token}`, { 'Sec-Fetch-Site': 'cross-site' });
    expect(entered.status).toBe(200);
    expect(entered.headers.get('set-cookie')).toContain('SameSite=Strict');
    expect(entered.body).toContain('http-equiv="refresh" content="0; url=/"');
    expect(entered.body).not.toContain(test.token);
    expect(entered.headers.get('referrer-policy')).toBe('no-referrer');
    expect(entered.headers.get('cross-origin-opener-policy')).toBe('same-origin');
  });

  it('opens by header, too', async () => {
    expect((await test.get('/', { Authorization: `Bearer ${test.token}` })).status).toBe(200);
  });
});

describe('Host', () => {
  it.each(['evil.example', '127.0.0.1', '127.0.0.1:1', 'localhost.evil.example', '0.0.0.0'])(
    'refuses %s, with the token or without',
    async (host) => {
      expect((await test.get('/', { ...own, Host: host })).status).toBe(403);
      expect((await test.get(`/?token=${test.token}`, { Host: host })).status).toBe(403);
      expect((await test.upgrade({ ...own, Host: host })).status).toBe(403);
    },
  );

  it('refuses a request that names none', async () => {
    const answer = await test.raw('GET / HTTP/1.1\r\nConnection: close\r\n\r\n');
    expect(answer.status).toBe(400);
  });

  it('takes localhost', async () => {
    const host = `localhost:${test.server.port}`;
    const answer = await test.get('/', { Host: host, Authorization: `Bearer ${test.token}` });
    expect(answer.status).toBe(200);
  });
});

describe('Origin', () => {
  it.each(['http://evil.example', 'null', 'https://127.0.0.1', 'http://127.0.0.1:1', 'http://localhost'])(
    'of %s is refused, for pages and for sockets',
    async (origin) => {
      expect((await test.get('/', { ...own, Origin: origin })).status).toBe(403);
      const answer = await test.upgrade({ ...own, Origin: origin });
      expect(answer.status).toBe(403);
    },
  );

  it('is wanted where a cookie alone would do: a foreign page opens no socket and posts nothing', async () => {
    const { Cookie = '' } = own;
    expect((await test.upgrade({ Cookie })).status).toBe(403);
    const post = await test.raw(
      `POST /photos?name=a.jpg HTTP/1.1\r\nHost: 127.0.0.1:${test.server.port}\r\nCookie: ${Cookie}\r\n` +
        'Content-Length: 1\r\nConnection: close\r\n\r\nx',
    );
    expect(post.status).toBe(403);
  });

  it('is not all: the browser says that another site asks', async () => {
    const { Cookie = '' } = own;
    for (const site of ['cross-site', 'same-site']) {
      expect((await test.get('/images/mean/abc', { Cookie, 'Sec-Fetch-Site': site })).status).toBe(403);
    }
  });

  it('of our own page opens the socket; without a token it does not', async () => {
    expect((await test.upgrade(own)).status).toBe(101);
    expect((await test.upgrade({ Origin: test.origin })).status).toBe(401);
    expect((await test.upgrade(own, '/other')).status).toBe(400);
  });
});

describe('paths', () => {
  it.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/%2e%2e%2fsecret.txt',
    '/assets/../../secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/assets/%2e%2e%5c%2e%2e%5csecret.txt',
    '//etc/passwd',
    '/%2fetc%2fpasswd',
    '/./.git/config',
    '/assets/main.js%00.html',
    '/%ff',
    '/link.txt',
    '/out/secret.txt',
  ])('%s leads nowhere', async (path) => {
    const page = test.folder.path('page');
    try {
      symlinkSync(test.folder.path('secret.txt'), `${page}/link.txt`);
      symlinkSync(test.folder.path(), `${page}/out`);
    } catch {
      // They are there already.
    }
    const answer = await test.get(path, own);
    expect(answer.status).toBe(404);
    expect(answer.body).not.toContain('secret');
  });

  it('that are no paths are refused', async () => {
    const answer = await test.raw(
      `GET http://127.0.0.1/x HTTP/1.1\r\nHost: 127.0.0.1:${test.server.port}\r\nConnection: close\r\n\r\n`,
    );
    expect(answer.status).toBe(400);
    expect((await test.get(`/${'a'.repeat(3000)}`, own)).status).toBe(400);
  });

  it.each([
    '/images/dataset/..%2f..%2fsecret.txt/train/0',
    '/images/original/%2fetc%2fpasswd/train/0',
    '/images/original/abc/train/..%2f..%2fsecret.txt',
    '/images/photo/%2e%2e%2fsecret.txt',
    '/images/photo/..',
    '/images/photo//etc/passwd',
    '/images/photo/abc/../../secret.txt',
    '/images/prediction/etc',
    '/images/kernels/abc/..%2f1',
    '/images//etc/passwd',
  ])('of images: %s is no id', async (path) => {
    const answer = await test.get(path, own);
    expect([400, 404]).toContain(answer.status);
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(answer.body).not.toMatch(/secret|root:/);
  });

  it('of images that do not exist are not found', async () => {
    expect((await test.get('/images/photo/zzzzzzzzzz', own)).status).toBe(404);
    expect((await test.get('/images/dataset/zzzzzzzzzz/train/0', own)).status).toBe(404);
  });
});

describe('headers', () => {
  it('allow the page nothing from elsewhere and nothing inline', async () => {
    for (const path of ['/', '/assets/main.js', '/nothing']) {
      const { headers } = await test.get(path, own);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy, path).toContain("default-src 'none'");
      expect(policy, path).toContain("script-src 'self'");
      expect(policy, path).toContain("style-src 'self'");
      expect(policy, path).toContain("frame-ancestors 'none'");
      expect(policy, path).not.toContain('unsafe');
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(headers.get('referrer-policy'), path).toBe('no-referrer');
      expect(headers.has('access-control-allow-origin'), path).toBe(false);
    }
  });

  it('make image bytes harmless even when they are opened by themselves', async () => {
    const { headers } = await test.get('/images/photo/zzzzzzzzzz', own);
    expect(headers.get('content-security-policy')).toContain('sandbox');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
  });

  it('name the kind of every file', async () => {
    expect((await test.get('/assets/main.js', own)).headers.get('content-type')).toBe(
      'text/javascript; charset=utf-8',
    );
  });
});

describe('methods', () => {
  it.each(['PUT', 'DELETE', 'POST', 'OPTIONS', 'PATCH'])('%s changes nothing', async (method) => {
    const answer = await test.fetch('/', { method });
    expect(answer.status).toBe(405);
  });

  it('an upload must have a name and a size that can be', async () => {
    expect((await test.fetch('/photos', { method: 'POST', body: 'x' })).status).toBe(400);
    const large = await test.raw(
      `POST /photos?name=a.jpg HTTP/1.1\r\nHost: 127.0.0.1:${test.server.port}\r\nCookie: ${own.Cookie}\r\n` +
        `Origin: ${test.origin}\r\nContent-Length: 900000000\r\n\r\nx`,
    );
    expect(large.status).toBe(413);
    expect(large.body).toContain('IMAGE_TOO_LARGE');
    const empty = await test.fetch('/photos?name=a.jpg', { method: 'POST', body: '' });
    expect(empty.status).toBe(422);
  });
});
