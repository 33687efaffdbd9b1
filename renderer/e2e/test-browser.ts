// A page in a real browser, with what it complains about, pictures of it, and the accessibility check.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { findChromium } from './test-photos.ts';

interface AxeResult {
  violations: { id: string; impact: string; nodes: { html: string }[] }[];
}

export class TestPage {
  /** Errors of the console, of scripts and of the content policy. */
  readonly complaints: string[] = [];
  #browser: Browser | undefined;
  #page: Page | undefined;
  #origin = '';

  async open(url: string): Promise<void> {
    const executablePath = findChromium();
    this.#browser = await chromium.launch({
      ...(executablePath === undefined ? {} : { executablePath }),
      // Containers give the browser no namespaces of its own.
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
    const page = await this.#browser.newPage({ viewport: { width: 1440, height: 900 } });
    this.#page = page;
    this.#origin = new URL(url).origin;
    page.setDefaultTimeout(60_000);
    page.on('pageerror', (error) => this.complaints.push(error.stack ?? error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    await page.goto(url);
    await page.getByText('Connected', { exact: true }).waitFor();
  }

  get page(): Page {
    if (this.#page === undefined) throw new Error('the page is not open yet');
    return this.#page;
  }

  /** A screen by its address after the hash. */
  async go(path: string): Promise<void> {
    await this.page.goto(`${this.#origin}/#${path}`);
  }

  async theme(theme: 'dark' | 'light'): Promise<void> {
    const button = this.page.getByRole('button', { name: theme === 'dark' ? 'Dark theme' : 'Light theme' });
    if (await button.isVisible()) await button.click();
  }

  /** Waits until what the screen shows is there and has not changed for a tenth of a second. */
  async settled(): Promise<void> {
    await this.page.evaluate(settled);
  }

  /** Kept where ALEXNET_STUDIO_SCREENSHOTS names a folder. */
  async picture(name: string): Promise<void> {
    const folder = process.env.ALEXNET_STUDIO_SCREENSHOTS;
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }

  /** What is wrong for people who do not see or point, WCAG 2.1 A and AA. */
  async barriers(): Promise<string[]> {
    // A colour on its way from one state or theme to another is neither's: none is on its way meanwhile.
    await this.page.evaluate(`{
      const still = new CSSStyleSheet();
      still.replaceSync('*, *::before, *::after { transition: none !important; }');
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, still];
    }`);
    await this.page.evaluate(axeSource());
    const { violations } = (await this.page.evaluate(
      "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] })",
    )) as AxeResult;
    await this.page.evaluate('document.adoptedStyleSheets = document.adoptedStyleSheets.slice(0, -1)');
    return violations.map(({ id, impact, nodes }) => `${id} (${impact}): ${nodes[0]?.html ?? ''}`);
  }

  /** Wider than the window. */
  async overflows(): Promise<boolean> {
    return (await this.page.evaluate(
      'document.documentElement.scrollWidth > window.innerWidth + 1',
    )) as boolean;
  }

  /** Whether one has to scroll sideways in an element to see all of it. */
  async scrollsSideways(selector: string): Promise<boolean> {
    return await this.page
      .locator(selector)
      .evaluate(
        (element) =>
          Number(Reflect.get(element, 'scrollWidth')) > Number(Reflect.get(element, 'clientWidth')) + 1,
      );
  }

  async close(): Promise<void> {
    await this.#browser?.close();
  }
}

/** What changes all the time does not hold it up for more than five seconds. */
const settled = `new Promise((resolve) => {
  let timer;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(look, 100);
  };
  const changes = new MutationObserver(wait);
  const end = () => {
    changes.disconnect();
    clearTimeout(timer);
    resolve();
  };
  const look = () => (document.querySelector('[role=status][aria-label=Loading]') ? wait() : end());
  changes.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  setTimeout(end, 5000);
  wait();
})`;

let axe: string | undefined;
function axeSource(): string {
  axe ??= readFileSync(join(import.meta.dirname, '../../node_modules/axe-core/axe.min.js'), 'utf8');
  return axe;
}
