// For process-lock.test.ts: at every line that it is given it takes the lock named by its arguments, or gives it back.
import { createInterface } from 'node:readline';
import { openDatabase } from './open-database.ts';
import { takeLock } from './process-lock.ts';

const [database = '', file = ''] = process.argv.slice(2);
const db = openDatabase(database);
let unlock: (() => void) | undefined;

function take(): string {
  try {
    unlock = takeLock(db, file, 'it');
    return 'taken';
  } catch (error) {
    return String(Reflect.get(error as object, 'code'));
  }
}

function giveBack(): string {
  unlock?.();
  unlock = undefined;
  return 'free';
}

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${line === 'take' ? take() : giveBack()}\n`);
}
db.close();
