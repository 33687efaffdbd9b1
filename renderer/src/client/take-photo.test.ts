import { afterEach, expect, it, vi } from 'vitest';
import { desktopName } from '../../../main/api/desktop.ts';
import { takePhoto } from './upload.ts';

const photo = {
  id: 'p1',
  name: 'a.jpg',
  sizeBytes: 1,
  uploaded: false,
  image: '/images/photo/p1',
  createdAt: 0,
};
const file = new File(['x'], 'a.jpg');

afterEach(() => vi.unstubAllGlobals());

function studio() {
  const asked: string[][] = [];
  const addPaths = ({ paths }: { paths: string[] }) => {
    asked.push(paths);
    return Promise.resolve([photo]);
  };
  const client = { classify: { addPaths } } as unknown as Parameters<typeof takePhoto>[0];
  return { asked, client };
}

function page(pathOf?: (file: unknown) => string) {
  const posted: string[] = [];
  const desktop = pathOf === undefined ? {} : { [desktopName]: { pick: () => Promise.resolve([]), pathOf } };
  vi.stubGlobal('window', desktop);
  vi.stubGlobal('fetch', (url: string) => {
    posted.push(url);
    return Promise.resolve(Response.json({ ...photo, uploaded: true }));
  });
  return posted;
}

it("uses the user's own file in the window", async () => {
  const posted = page(() => '/photos/a.jpg');
  const { asked, client } = studio();
  expect(await takePhoto(client, file)).toEqual(photo);
  expect([asked, posted]).toEqual([[['/photos/a.jpg']], []]);
});

it.each([
  ['of what has no path', () => ''],
  ['in a browser', undefined],
])('sends the bytes %s', async (_where, pathOf) => {
  const posted = page(pathOf);
  const { asked, client } = studio();
  expect((await takePhoto(client, file)).uploaded).toBe(true);
  expect([asked, posted]).toEqual([[], ['/photos?name=a.jpg']]);
});
