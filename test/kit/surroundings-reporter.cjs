/** Says at the end with what the suites ran: on which databases, and whether in a browser. */
module.exports = class SurroundingsReporter {
  constructor(_config, options) {
    this.options = options;
  }

  onRunComplete() {
    const { engines, chromium, noDisk, noCluster, noNginx, noNetwork } = this.options;
    const missing = engines.includes('postgres')
      ? ''
      : ' (no PostgreSQL answered: set TEST_DATABASE_URL to run the suites on it too)';
    const browser =
      chromium ?? 'none was found, so the pages were not tried: install Chromium or set CHROMIUM_PATH';
    const disk = noDisk
      ? `none could be made, so power cuts and full disks were not tried: ${noDisk}`
      : 'ready for power cuts, and to be filled up';
    const cluster = noCluster
      ? `none could be made, so outages of the database were not tried: ${noCluster}`
      : 'ready to be stopped and frozen';
    const nginx = noNginx
      ? `none could be started, so the shipped proxy was not tried: ${noNginx}`
      : 'with the shipped configuration';
    const network = noNetwork
      ? `none could be made, so its cut was not tried: ${noNetwork}`
      : 'ready to be cut';
    process.stderr.write(
      `Databases: ${engines.join(', ')}${missing}\nBrowser: ${browser}\n` +
        `Disk of the tests' own: ${disk}\nPostgreSQL of the tests' own: ${cluster}\n` +
        `Network of the tests' own: ${network}\nnginx: ${nginx}\n`,
    );
  }
};
