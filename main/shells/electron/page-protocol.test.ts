// What app://studio/ gives out, and what it does not.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { photoUploadUrl } from '../../api/image-urls.ts';
import type { Photo } from '../../api/operations/classify.ts';
import { pageProtocol } from './page-protocol.ts';
import { TestShell } from './testing/test-shell.ts';

let shell: TestShell;
let datasetId: string;

beforeAll(async () => {
  shell = await new TestShell({ images: 12 }).launch();
  const client = shell.connect();
  const { train, val } = shell.folder.photos();
  const { jobId } = await client.datasets.add({ name: 'birds', train, val });
  datasetId = (await shell.jobEnd(client, jobId)).result ?? '';
});
afterAll(() => shell.remove());

describe('the page', () => {
  it('comes with a policy that lets nothing in from elsewhere', async () => {
    const answer = await shell.fetch('/');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await answer.text()).toContain('<title>page</title>');
    expect((await shell.fetch('/assets/main.js')).headers.get('content-type')).toContain('javascript');
  });

  it.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/..%5csecret.txt',
    '/assets/%2e%2e%2f%2e%2e%2fsecret.txt',
    '//etc/passwd',
    '/%2fetc%2fpasswd',
    '/assets/main.js%00.html',
    '/%',
    '/.hidden',
    '/home/studio.sqlite',
  ])('has no %s', async (path) => {
    const answer = await shell.fetch(path);
    expect(answer.status).toBe(404);
    expect(await answer.text()).not.toContain('secret');
  });

  it('is at one address alone', async () => {
    for (const url of ['app://elsewhere/', 'app://studio.elsewhere/', 'app://studio:8/'])
      expect((await shell.fetchUrl(url)).status, url).toBe(404);
  });

  it('is read, not written', async () => {
    expect((await shell.fetch('/', { method: 'DELETE' })).status).toBe(405);
    expect((await shell.fetch('/index.html', { method: 'POST', body: 'x' })).status).toBe(405);
  });

  it('says that it is not built', async () => {
    const other = await new TestShell().launch();
    other.folder.delete('page/index.html');
    expect((await other.fetch('/')).status).toBe(503);
    await other.remove();
  });
});

describe('images', () => {
  it('come by id, and can do nothing by themselves', async () => {
    for (const path of [
      `/images/dataset/${datasetId}/train/3?size=64`,
      `/images/mean/${datasetId}`,
      `/images/original/${datasetId}/train/0`,
    ]) {
      const answer = await shell.fetch(path);
      expect(answer.status, path).toBe(200);
      expect(answer.headers.get('content-type'), path).toBe('image/jpeg');
      expect(answer.headers.get('content-security-policy'), path).toContain('sandbox');
      expect((await answer.arrayBuffer()).byteLength, path).toBeGreaterThan(0);
    }
  });

  it('say what is wrong with the address', async () => {
    expect((await shell.fetch(`/images/dataset/${datasetId}/train/99`)).status).toBe(404);
    expect((await shell.fetch('/images/photo/..%2f..%2fsecret')).status).toBe(400);
    const answer = await shell.fetch('/images/nonsense');
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { error: { code: 'INVALID_ARGUMENT', message: expect.stringContaining('no such') } },
    ]);
  });
});

describe('a photo without a path', () => {
  const post = (name: string, init: RequestInit = {}) =>
    shell.fetch(photoUploadUrl(name), { method: 'POST', body: 'pixels', ...init });

  it('is taken from the page', async () => {
    const answer = await post('../../from the clipboard.png');
    expect(answer.status).toBe(200);
    const photo = (await answer.json()) as Photo;
    expect(photo).toMatchObject({ name: 'from the clipboard.png', uploaded: true, sizeBytes: 6 });
    expect((await shell.fetch(photo.image)).status).toBe(200);
  });

  it('is not taken from another page, without a name, or empty', async () => {
    expect((await post('x', { headers: { Origin: 'https://elsewhere.example' } })).status).toBe(403);
    expect((await post('')).status).toBe(400);
    expect((await shell.fetch(photoUploadUrl('x'), { method: 'POST' })).status).toBe(422);
  });
});

it('keeps what was not foreseen to the log', async () => {
  const lines: string[] = [];
  const fails = () => {
    throw new Error('/secret/path');
  };
  const parts = {
    images: { mean: fails },
    photos: {},
    pageFolder: '/',
    log: (line: string) => lines.push(line),
  };
  const answer = await pageProtocol(parts as unknown as Parameters<typeof pageProtocol>[0])(
    new Request('app://studio/images/mean/x'),
  );
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain('/secret/path');
  expect(lines[0]).toContain('/secret/path');
});
