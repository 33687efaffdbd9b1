// For open-database.test.ts: writes to the new file named by the first argument without an end, until it is told.
import { DatabaseSync } from 'node:sqlite';

const raw = new DatabaseSync(process.argv[2] ?? '');
raw.exec('BEGIN IMMEDIATE');
process.stdout.write('held\n');
process.stdin.once('data', () => {
  setTimeout(() => {
    raw.exec('ROLLBACK');
    raw.close();
    process.exit();
  }, 300);
});
