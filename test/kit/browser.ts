import { chromium, type Browser as Chromium, type Page } from 'playwright-core';

declare global {
  /** Where Chromium is; set by jest's configuration. */
  var CHROMIUM: string | undefined;
}

/** Without these Chromium asks its maker's servers for things of its own. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const PATIENCE = 20_000;

/** A browser that can reach one server alone, and notes what no page should do. */
export class Browser {
  /** Requests that left the server's origin, errors, and what pages wrote to their consoles. */
  readonly offences: string[] = [];

  private constructor(
    private readonly chromium: Chromium,
    private readonly url: string,
  ) {}

  static async open(url: string): Promise<Browser> {
    const alone = `--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${new URL(url).hostname}`;
    const launched = await chromium.launch({
      executablePath: globalThis.CHROMIUM ?? '/usr/bin/chromium',
      args: [...QUIET, alone],
    });
    return new Browser(launched, url);
  }

  /** The page at this path, in a window of its own: a page behind another one is slow to draw, and to be clicked. */
  async page(path: string): Promise<Page> {
    // High, since the editor draws the lines alone that are in view.
    const page = await this.chromium.newPage({ viewport: { width: 1440, height: 2_000 } });
    page.setDefaultTimeout(PATIENCE);
    page.on('console', (message) => this.offences.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => this.offences.push(`error: ${error.message}`));
    page.on('request', (request) => {
      const { protocol, origin } = new URL(request.url());
      if (!['data:', 'blob:'].includes(protocol) && origin !== this.url)
        this.offences.push(`left the origin: ${request.url()}`);
    });
    await page.goto(`${this.url}${path}`);
    return page;
  }

  async close(): Promise<void> {
    await this.chromium.close();
  }
}
