// Builds dist/site.wasm: one bundle of src/, made a component by componentize-js.
import { mkdir, writeFile } from 'node:fs/promises';
import { componentize } from '@bytecodealliance/componentize-js';
import { build } from 'esbuild';

const bundle = 'dist/site.bundle.mjs';
const out = 'dist/site.wasm';

await mkdir('dist', { recursive: true });
await build({
  entryPoints: ['src/site.mjs'],
  outfile: bundle,
  bundle: true,
  format: 'esm',
  target: 'es2023',
  minify: true,
});
const { component } = await componentize({ sourcePath: bundle, witPath: 'wit', worldName: 'site' });
await writeFile(out, component);
console.log(`${out}: ${component.byteLength} bytes`);
