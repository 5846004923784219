// Loading the server takes seconds, which each test file would pay anew: what is no test itself is loaded by Node, once
// per worker, and shared between test files. In its place Jest runs this line.
module.exports = {
  process: (_source, filename) => ({
    code: `module.exports = globalThis.loadOnce(${JSON.stringify(filename)});`,
  }),
};
