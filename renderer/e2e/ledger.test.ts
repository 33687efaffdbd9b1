// The ledger in a real browser: the shipped measurement, a row looked at, paper and code, and what a plan would need.
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser, withBrowser } from './test-steps.ts';

const slow = 180_000;

/** Of the measurement whose name has this in it. */
async function labelOf(page: Page, part: string): Promise<string> {
  const labels = await page.getByLabel('Measured where').locator('option').allInnerTexts();
  return labels.find((label) => label.includes(part)) ?? '';
}

describeInBrowser('the ledger', () => {
  const { browser } = withBrowser();

  it('shows every claim beside the shipped measurement, and why each was judged so', {
    timeout: slow,
  }, async () => {
    const { page } = browser;
    await browser.go('/ledger');
    const table = page.getByRole('table', { name: 'Ledger' });
    await table.getByRole('button', { name: 'Five nets' }).waitFor();
    expect(await table.locator('tbody tr').count()).toBe(13);
    const row = table.locator('tbody tr', { hasText: 'Response normalisation' });
    expect(await row.innerText()).toMatch(/\+1\.4[\s\S]*\+1\.4[\s\S]*-2\.9[\s\S]*opposite direction/);
    await page.getByText('photos10 is not ImageNet').waitFor();
    for (const theme of ['light', 'dark'] as const) {
      await browser.theme(theme);
      expect(await browser.barriers()).toEqual([]);
    }
    await browser.picture('ledger');
    await page.setViewportSize({ width: 1024, height: 640 });
    expect(await browser.overflows()).toBe(false);
    await table.getByRole('button', { name: 'Five nets' }).scrollIntoViewIfNeeded();
    expect(await table.getByRole('button', { name: 'Five nets' }).isVisible()).toBe(true);

    await table.getByRole('button', { name: 'Response normalisation' }).click();
    const dialog = page.getByRole('dialog', { name: 'Response normalisation' });
    await dialog.getByText('degrees of freedom').waitFor();
    expect(await dialog.innerText()).toContain('S, run #148 against #145');
    expect(await browser.barriers()).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByLabel('Measured where').selectOption({ label: await labelOf(page, '12 epochs') });
    const faster = table.locator('tbody tr', { hasText: 'ReLU, not tanh' });
    await faster.getByText('same direction').waitFor();
    await browser.picture('ledger-activations');
  });

  it('sets paper and code side by side, and offers to measure a difference', { timeout: slow }, async () => {
    const { page } = browser;
    await page.getByRole('tab', { name: 'Paper and code' }).click();
    const truth = page.locator('article', { hasText: 'LRN’s alpha' });
    await truth.getByText('net.lrn.alphaOverN').first().waitFor();
    expect(await page.locator('article').count()).toBe(12);
    expect(await browser.barriers()).toEqual([]);
    await truth.getByRole('button', { name: 'Measure it' }).click();
    const dialog = page.getByRole('dialog', { name: 'Measure the claims here' });
    await dialog.getByText('There is no data set with validation images yet').waitFor();
    expect(await dialog.getByLabel('LRN’s alpha').isChecked()).toBe(true);
    expect(await dialog.getByRole('button', { name: 'Queue the runs' }).isDisabled()).toBe(true);
    expect(await browser.barriers()).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('tab', { name: 'Published results' }).click();
    await page.getByText('seven nets, two of them pre-trained').first().waitFor();
    expect(browser.complaints).toEqual([]);
  });
});
