const { TestEnvironment } = require('jest-environment-node');
require('./typescript.cjs');

/** Lets test files have what `once.cjs` leaves to Node. */
module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.global.loadOnce = require;
  }
};
