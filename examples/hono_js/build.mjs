// Builds dist/hono.wasm: one bundle of the application and Hono, made a component by componentize-js.
import { mkdir, writeFile } from 'node:fs/promises';
import { componentize } from '@bytecodealliance/componentize-js';
import { build } from 'esbuild';

const bundle = 'dist/hono.bundle.mjs';
const out = 'dist/hono.wasm';

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
