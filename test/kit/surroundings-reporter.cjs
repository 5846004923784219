/** Says at the end with what the suites ran: on which databases, and whether in a browser. */
module.exports = class SurroundingsReporter {
  constructor(_config, options) {
    this.options = options;
  }

  onRunComplete() {
    const { engines, chromium } = this.options;
    const missing = engines.includes('postgres')
      ? ''
      : ' (no PostgreSQL answered: set TEST_DATABASE_URL to run the suites on it too)';
    const browser =
      chromium ?? 'none was found, so the pages were not tried: install Chromium or set CHROMIUM_PATH';
    process.stderr.write(`Databases: ${engines.join(', ')}${missing}\nBrowser: ${browser}\n`);
  }
};
