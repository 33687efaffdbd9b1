// A newcomer's way in a real browser: from an empty data directory to a trained and evaluated model, by the buttons of
// the first screen alone.
import { expect, it } from 'vitest';
import { describeInBrowser, withBrowser } from './test-steps.ts';

const slow = 240_000;

describeInBrowser('the first use', () => {
  const { browser, photos } = withBrowser({ photos: { train: 24, val: 6 } });

  it('leads to a model that was trained and evaluated', { timeout: slow }, async () => {
    const { page } = browser;
    const button = (name: string | RegExp) =>
      page.getByRole('button', { name, exact: typeof name === 'string' });
    const steps = page.getByRole('region', { name: 'First steps' });
    // Drawing and packing all of it takes a minute: here it is only begun, and photos take its place.
    await button('Make the sample').click();
    await steps.getByRole('progressbar').waitFor();
    await browser.picture('first-use-sample');
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await button('Cancel the job').click();
    await expect.poll(() => button('Make the sample').isEnabled()).toBe(true);
    await button('Add a folder').click();
    await page.getByLabel('Training folder').fill(photos.train);
    await page.getByText('A folder like the first').click();
    await page.getByLabel('Validation folder').fill(photos.val);
    await page.getByLabel('Name', { exact: true }).fill('demo');
    await button('Add').click();
    await page.locator('[role=row]', { hasText: 'demo' }).getByText('ready').waitFor({ timeout: 60_000 });
    await browser.go('/');
    await button('Train on the sample').click();
    await page.waitForURL(/#\/runs\/[a-z0-9]+$/);
    // An epoch is enough to see that it learns; the whole takes minutes.
    await page.getByText(/epoch 1, validation/).waitFor({ timeout: 120_000 });
    await browser.go('/');
    await steps.getByText(/left$/).waitFor();
    await browser.picture('first-use-training');
    await steps.getByRole('link', { name: 'Watch it' }).click();
    await button('Stop').click();
    await button('Stop with a checkpoint').click();
    await page.locator('.screen-head .state', { hasText: 'stopped' }).waitFor({ timeout: 60_000 });
    await browser.go('/');
    await button('Evaluate it').click();
    await button(/right: open the report/).click({ timeout: 60_000 });
    await page.getByText('Calibration error').waitFor();
    await browser.go('/');
    expect(await steps.isVisible()).toBe(false);
    expect(browser.complaints).toEqual([]);
  });
});
