/** Says at the end with what the suites ran: on which databases, and whether in a browser. */
module.exports = class SurroundingsReporter {
  constructor(_config, options) {
    this.options = options;
  }

  onRunComplete() {
    const { engines, chromium, noDisk } = this.options;
    const missing = engines.includes('postgres')
      ? ''
      : ' (no PostgreSQL answered: set TEST_DATABASE_URL to run the suites on it too)';
    const browser =
      chromium ?? 'none was found, so the pages were not tried: install Chromium or set CHROMIUM_PATH';
    const disk = noDisk
      ? `none could be made, so power cuts and full disks were not tried: ${noDisk}`
      : 'ready for power cuts, and to be filled up';
    process.stderr.write(
      `Databases: ${engines.join(', ')}${missing}\nBrowser: ${browser}\nDisk of the tests' own: ${disk}\n`,
    );
  }
};
