// lib/index.js of the provider loads its two thousand modules at once; lazy-index.js loads each on first use.
const fs = require("node:fs");
const Module = require("node:module");
const resolve = Module._resolveFilename;
const eager = /[\\/]provider-aws[\\/]lib[\\/]index\.js$/;

Module._resolveFilename = function (...request) {
  const file = resolve.apply(this, request);
  if (!eager.test(file)) return file;
  const lazy = file.replace(/index\.js$/, "lazy-index.js");
  return fs.existsSync(lazy) ? lazy : file;
};
