// Operations of the explorer come as their text, as they do from its build.
module.exports = {
  process: (source) => ({
    code: `exports.__esModule = true; exports.default = ${JSON.stringify(source)};`,
  }),
};
