const { databases } = require('./setup.cjs');

module.exports = () => void databases('remove', process.env.MIGRATED_DATABASES);
