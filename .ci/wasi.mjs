// Runs a wasm32-wasip1 program under Node: `node wasi.mjs PROGRAM.wasm ARGUMENTS...`, in the current folder.
import { readFile } from 'node:fs/promises';
import { argv, cwd, env, exit } from 'node:process';
import { WASI } from 'node:wasi';

const [program, ...rest] = argv.slice(2);
const wasi = new WASI({
  version: 'preview1',
  args: [program, ...rest],
  env: { ...env, PWD: cwd() },
  preopens: { '/': '/', '.': cwd() },
  returnOnExit: true,
});
const module = await WebAssembly.compile(await readFile(program));
const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
exit(wasi.start(instance));
