// A whole session without a pointer: a data set is added, a run started, steered and compared, a model evaluated and
// asked. Wherever the focus goes it is seen, and after a dialog it is where it was.
import type { Locator } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser, stepByStep, withBrowser } from './test-steps.ts';

const slow = 180_000;

describeInBrowser('the keyboard alone', () => {
  const { browser, photos } = withBrowser({ photos: { train: 24, val: 6 } });

  stepByStep();

  const button = (name: string | RegExp) =>
    browser.page.getByRole('button', { name, exact: typeof name === 'string' });
  const state = (word: string) => browser.page.locator('.screen-head .state', { hasText: word });
  const hasFocus = (wanted: Locator) => wanted.evaluate((element) => element.matches(':focus'));

  /** What has the focus without showing it; empty where it is seen. */
  async function unseenFocus(): Promise<string> {
    return (await browser.page.evaluate(`(() => {
      const at = document.activeElement;
      if (at === null || at === document.body) return '';
      const outlined = (element) => {
        if (element === null) return false;
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        return outlineStyle !== 'none' && parseFloat(outlineWidth) > 0;
      };
      // Of a choice its label or card shows it.
      const seen = at.matches(':focus-visible') && [at, at.closest('label'), at.parentElement].some(outlined);
      return seen ? '' : at.outerHTML.slice(0, 160);
    })()`)) as string;
  }

  /** Goes on with Tab until it is there; every stop on the way is seen. */
  async function tabTo(wanted: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
    await wanted.waitFor();
    for (let stops = 0; stops < 300; stops++) {
      if (await hasFocus(wanted)) return;
      await browser.page.keyboard.press(key);
      expect(await unseenFocus()).toBe('');
    }
    throw new Error(`${wanted} is not reached with ${key}`);
  }

  async function write(field: Locator, text: string): Promise<void> {
    await tabTo(field);
    await browser.page.keyboard.press('Control+a');
    await browser.page.keyboard.type(text);
  }

  async function go(key: string, title: string): Promise<void> {
    await browser.page.keyboard.press('Escape');
    await browser.page.keyboard.press('g');
    await browser.page.keyboard.press(key);
    await browser.page.getByRole('heading', { level: 1, name: title }).waitFor();
  }

  async function startRun(name: string, epochs: number): Promise<void> {
    const { page } = browser;
    await go('n', 'New run');
    await write(page.getByLabel('Name', { exact: true }), name);
    const setting = (path: string) => page.locator(`[data-path="${path}"] input`).first();
    for (const [path, value] of [
      ['epochs', String(epochs)],
      ['net.widthFactor', '0.125'],
      ['optimiser.batchSize', '16'],
      ['optimiser.schedule.patience', '1000'],
    ] as const)
      await write(setting(path), value);
    await tabTo(button(/Start training|Add to the queue/));
    await browser.page.keyboard.press('Enter');
    await page.waitForURL(/#\/runs\/[a-z0-9]+$/);
  }

  it('adds a data set from the first screen', { timeout: slow }, async () => {
    const { page } = browser;
    await page.getByText('First steps').waitFor();
    await tabTo(button('Add a folder'));
    await browser.page.keyboard.press('Enter');
    const folder = page.getByLabel('Training folder');
    await folder.waitFor();
    await expect.poll(() => hasFocus(folder)).toBe(true);
    await browser.page.keyboard.type(photos.train);
    await write(page.getByRole('dialog').getByLabel('Name', { exact: true }), 'keys');
    // Of a choice the one that is chosen has the stop; the arrows choose another.
    await tabTo(page.getByRole('dialog').getByRole('radio', { checked: true }));
    const like = page.getByRole('radio', { name: 'A folder like the first' });
    for (let n = 0; n < 4 && !(await like.isChecked()); n++) await browser.page.keyboard.press('ArrowRight');
    await write(page.getByLabel('Validation folder'), photos.val);
    await browser.page.keyboard.press('Enter');
    await page.locator('[role=row]', { hasText: 'keys' }).getByText('ready').waitFor({ timeout: 60_000 });
    await browser.picture('keyboard-dataset');
  });

  it('returns to what opened a dialog', { timeout: slow }, async () => {
    const { page } = browser;
    const add = button('Add data set');
    await tabTo(add);
    await browser.page.keyboard.press('Enter');
    await page.getByLabel('Training folder').waitFor();
    await browser.page.keyboard.press('Escape');
    await expect.poll(() => hasFocus(add)).toBe(true);
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await browser.page.keyboard.press('Escape');
    await expect.poll(() => hasFocus(add)).toBe(true);
    expect(await unseenFocus()).toBe('');
    // Were it hidden, that would be noticed.
    await page.evaluate(`document.activeElement.style.outline = 'none'`);
    expect(await unseenFocus()).toContain('outline: none');
    await page.evaluate(`document.activeElement.style.outline = ''`);
  });

  it('opens the data set and looks at an image', { timeout: slow }, async () => {
    const { page } = browser;
    await tabTo(page.getByRole('grid', { name: 'Data sets' }));
    await browser.page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'keys' }).waitFor();
    await tabTo(page.getByRole('tab', { selected: true }));
    await browser.page.keyboard.press('ArrowRight');
    await page.getByRole('option').first().waitFor();
    const grid = page.getByRole('listbox');
    await tabTo(grid);
    await browser.page.keyboard.press('ArrowRight');
    await browser.page.keyboard.press('Enter');
    await page.getByText('256x256, what the net sees').waitFor();
    await browser.picture('keyboard-image');
    await browser.page.keyboard.press('Escape');
    await expect.poll(() => hasFocus(grid)).toBe(true);
  });

  it('starts a run and steers it', { timeout: slow }, async () => {
    const { page } = browser;
    await startRun('long', 5000);
    await state('running').waitFor({ timeout: 60_000 });
    await page.getByText(/epoch \d+, validation/).waitFor({ timeout: 60_000 });
    await browser.page.keyboard.press('p');
    await state('paused').waitFor();
    await browser.page.keyboard.press('p');
    await state('running').waitFor();
    const rate = button(/^Rate /);
    await tabTo(rate);
    await browser.page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Divide by 10' }).waitFor();
    await browser.page.keyboard.press('Escape');
    await expect.poll(() => hasFocus(rate)).toBe(true);
    await browser.page.keyboard.press('Enter');
    const divide = page.getByRole('menuitem', { name: 'Divide by 10' });
    await divide.waitFor();
    for (let n = 0; n < 10 && !(await hasFocus(divide)); n++) await browser.page.keyboard.press('ArrowDown');
    await browser.page.keyboard.press('Enter');
    const stop = button('Stop');
    await tabTo(stop);
    await browser.page.keyboard.press('Enter');
    const really = button('Stop with a checkpoint');
    await really.waitFor();
    await browser.page.keyboard.press('Escape');
    await expect.poll(() => hasFocus(stop)).toBe(true);
    await browser.page.keyboard.press('Enter');
    await tabTo(really);
    await browser.picture('keyboard-stop');
    await browser.page.keyboard.press('Enter');
    await state('stopped').waitFor({ timeout: 60_000 });
    await tabTo(page.getByRole('tab', { selected: true }));
    for (const _ of ['layers', 'log']) await browser.page.keyboard.press('ArrowRight');
    await page.getByText('Rate times 0.1').waitFor();
  });

  it('compares two runs', { timeout: slow }, async () => {
    const { page } = browser;
    await startRun('short', 1);
    await state('finished').waitFor({ timeout: 90_000 });
    await go('r', 'Runs');
    const table = page.getByRole('grid', { name: 'Runs' });
    await table.getByText('short', { exact: true }).waitFor();
    await tabTo(table);
    for (const key of ['Space', 'ArrowDown', 'Space']) await browser.page.keyboard.press(key);
    await browser.picture('keyboard-runs');
    await tabTo(button('Compare'), 'Shift+Tab');
    await browser.page.keyboard.press('Enter');
    await page.getByRole('rowheader', { name: 'epochs' }).waitFor();
  });

  it('evaluates a model and reads the report', { timeout: slow }, async () => {
    const { page } = browser;
    await go('e', 'Evaluations');
    await tabTo(button('Evaluate a model').first());
    await browser.page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    const model = dialog.getByLabel('Model');
    await model.locator('option', { hasText: 'short' }).waitFor({ state: 'attached' });
    await tabTo(model);
    await browser.page.keyboard.press('ArrowDown');
    await tabTo(dialog.getByRole('button', { name: 'Evaluate', exact: true }));
    await browser.page.keyboard.press('Enter');
    const table = page.getByRole('grid', { name: 'Evaluations' });
    await table.locator('[role=row]').nth(1).waitFor({ timeout: 60_000 });
    await tabTo(table);
    await browser.page.keyboard.press('Enter');
    await page.getByText('Calibration error').waitFor();
    const pairs = page.getByRole('grid', { name: 'Most confused pairs' });
    await tabTo(pairs);
    await browser.page.keyboard.press('Enter');
    await page.getByRole('dialog').getByRole('listitem').first().waitFor();
    await browser.page.keyboard.press('Escape');
    await expect.poll(() => hasFocus(pairs)).toBe(true);
    await browser.picture('keyboard-evaluation');
  });

  it('classifies a folder', { timeout: slow }, async () => {
    const { page } = browser;
    await go('c', 'Classify');
    await tabTo(page.getByRole('tab', { selected: true }));
    await browser.page.keyboard.press('ArrowRight');
    await write(page.getByLabel('Folder', { exact: true }), photos.val);
    await browser.page.keyboard.press('Enter');
    await page.waitForURL(/#\/classify\/folder\//);
    await state('done').waitFor({ timeout: 60_000 });
    await browser.picture('keyboard-classify');
  });

  it('finds what has no key of its own', { timeout: slow }, async () => {
    const { page } = browser;
    await browser.page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: /Screen, run/ }).waitFor();
    await browser.page.keyboard.type('settings');
    await browser.page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
    expect(browser.complaints).toEqual([]);
  });
});
