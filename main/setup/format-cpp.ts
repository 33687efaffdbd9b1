// Formats the native sources in place, as `npm run format` does.
import { spawnSync } from 'node:child_process';
import { listFiles, nativePattern, root } from './source-files.ts';

const files = listFiles(nativePattern, 'native');
const { status, error } = spawnSync('clang-format', ['-i', ...files], { cwd: root, stdio: 'inherit' });
if (error) process.stderr.write(`clang-format: ${error.message}\n`);
process.exitCode = status ?? 1;
