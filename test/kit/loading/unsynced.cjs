// A server that does not wait for its disk: what a test of power cuts must notice. `NODE_OPTIONS=-r .../unsynced.cjs`.
const { Database } = require('sqlite3');

const { exec } = Database.prototype;
Database.prototype.exec = function execUnsynced(text, ...more) {
  return exec.call(this, text.replace('synchronous=FULL', 'synchronous=NORMAL'), ...more);
};
