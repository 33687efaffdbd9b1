// Looking inside a net, as people do it: maps of a photo, Grad-CAM and occlusion, nearest images, answers, kernels over
// the epochs, activity; figures saved.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeInBrowser, withBrowser } from './test-steps.ts';

const slow = 180_000;

interface Decoded {
  frames: number;
  repetitions: string;
  /** `duration` in microseconds; `sum` of all values, `dark`: pixels that are not nearly white. */
  moments: { duration: number; sum: number; dark: number }[];
}

/** In the page, by the browser's own decoder. */
const decodeFrames = new Function(
  'text',
  `return (async () => {
    const data = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const decoder = new ImageDecoder({ data, type: 'image/png' });
    await decoder.tracks.ready;
    await decoder.completed;
    const track = decoder.tracks.selectedTrack;
    const moments = [];
    for (let frameIndex = 0; frameIndex < track.frameCount; frameIndex++) {
      const { image } = await decoder.decode({ frameIndex });
      const canvas = new OffscreenCanvas(image.displayWidth, image.displayHeight);
      const context = canvas.getContext('2d');
      context.drawImage(image, 0, 0);
      const { data: values } = context.getImageData(0, 0, canvas.width, canvas.height);
      let [sum, dark] = [0, 0];
      for (let i = 0; i < values.length; i += 4) {
        sum += (i % 65521) * values[i] + values[i + 1];
        if (values[i] < 200) dark++;
      }
      moments.push({ duration: image.duration, sum, dark });
      image.close();
    }
    return { frames: track.frameCount, repetitions: String(track.repetitionCount), moments };
  })()`,
) as (text: string) => Promise<Decoded>;

describeInBrowser('looking inside', () => {
  const { browser } = withBrowser({
    photos: { train: 12, val: 4 },
    before: ({ server, photos }) => {
      server.cli('dataset', 'add', '--name', 'four', '--train', photos.train, '--val', photos.val);
      server.cli(
        ...['train', '--dataset', 'four', '--name', 'small', '--epochs', '2', '--batch', '16'],
        ...['--set', 'net.widthFactor=0.125'],
      );
    },
  });

  const button = (name: string | RegExp) =>
    browser.page.getByRole('button', { name, exact: typeof name === 'string' });
  const tab = (name: string) => browser.page.getByRole('tab', { name }).click();

  /** Its text, where it is one. */
  async function saved(format: 'PNG' | 'SVG' | 'HTML' | 'all as an animation'): Promise<Buffer> {
    const waiting = browser.page.waitForEvent('download');
    await button('Save').last().click();
    await browser.page
      .getByRole('menuitem', { name: format.startsWith('all') ? `Save ${format}` : `Save as ${format}` })
      .click();
    return readFileSync(await (await waiting).path());
  }

  it('shows what each layer makes of a photo, and what speaks for a class', { timeout: slow }, async () => {
    const { page } = browser;
    await browser.go('/inside');
    await button('Random image').click();
    await page.getByText('Column 0 above, column 1 below').waitFor();
    await page.getByRole('img', { name: /^Grad-CAM for/ }).waitFor();
    await browser.picture('inside-photo');
    const strip = page.getByRole('group', { name: 'Layers' });
    await strip.getByRole('button', { name: 'drop' }).last().click();
    await page.getByText(/512 units/).waitFor();
    await strip.getByRole('button', { name: 'conv' }).nth(2).click();
    await page.getByText(/64 maps of 13x13/).waitFor();
    await page.getByTitle('Click a map to enlarge it').click({ position: { x: 30, y: 20 } });
    await page.getByRole('heading', { name: /^Map \d+$/ }).waitFor();
    await page.getByText('Occlusion', { exact: true }).click();
    await page.getByText('with nothing covered').waitFor();
    await page.getByText('Refining…').waitFor({ state: 'detached' });
    await page.getByRole('img', { name: /^Occlusion map for/ }).waitFor();
    await browser.picture('inside-occlusion');
    expect(await browser.barriers()).toEqual([]);
  });

  it('finds the nearest training images over an index that a job builds', { timeout: slow }, async () => {
    const { page } = browser;
    await tab('Nearest images');
    await button('Build an index').click();
    await page.getByText('48 of four, train').waitFor();
    const build = button('Build an index');
    await expect
      .poll(() => build.getAttribute('title'), { timeout: 20_000 })
      .toBe('It is there already: see the table');
    expect(await build.isDisabled()).toBe(true);
    await button('5 random images').click();
    await page.getByText(/of the nearest five share the photo's class/).waitFor();
    await page.locator('svg.figure image').nth(34).waitFor();
    await browser.picture('inside-nearest');
    const svg = (await saved('SVG')).toString();
    expect(svg.match(/<image /g)).toHaveLength(35);
    expect(svg).not.toMatch(/href="(?!data:image)/);
    expect(await browser.barriers()).toEqual([]);
    await button('Delete this index').click();
    await button('Delete').click();
    await page.getByText('No index yet').waitFor();
    await expect.poll(() => build.isEnabled()).toBe(true);
  });

  it('shows answers beside the truth, kernels over the epochs, and dead units', {
    timeout: slow,
  }, async () => {
    const { page } = browser;
    await tab('Answers');
    await button('8 random images').click();
    await page.locator('svg.figure image').nth(7).waitFor();
    expect((await saved('PNG')).subarray(1, 4).toString()).toBe('PNG');
    expect((await saved('HTML')).toString()).toContain('<!doctype html>');
    await browser.picture('inside-answers');
    await tab('First kernels');
    await page.getByText('epoch 2, step 6', { exact: true }).waitFor();
    await button('Play').click();
    await button('Pause').waitFor();
    await button('Play').waitFor();
    await browser.picture('inside-kernels');
    const animation = await saved('all as an animation');
    expect(animation.includes('acTL')).toBe(true);
    const decoded = await page.evaluate(decodeFrames, animation.toString('base64'));
    expect(decoded.moments.length).toBeGreaterThanOrEqual(2);
    expect([decoded.frames, decoded.repetitions]).toEqual([decoded.moments.length, 'Infinity']);
    expect(decoded.moments.map(({ duration }) => duration)).toEqual([
      ...new Array<number>(decoded.frames - 1).fill(350_000),
      2_000_000,
    ]);
    // Each is another picture, and none is white.
    expect(new Set(decoded.moments.map(({ sum }) => sum)).size).toBe(decoded.frames);
    expect(decoded.moments.every(({ dark }) => dark > 1000)).toBe(true);
    await tab('Activity');
    await button('Measure').click();
    await page.getByText('Activity over 48 training images of four').waitFor();
    await browser.picture('inside-activity');
    expect(await browser.barriers()).toEqual([]);
    await page.setViewportSize({ width: 1024, height: 640 });
    expect(await browser.overflows()).toBe(false);
    expect(browser.complaints).toEqual([]);
  });
});
