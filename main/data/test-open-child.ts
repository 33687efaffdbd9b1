// For open-database.test.ts: opens the database named by the first argument, then adds settings until it is
// killed, telling each one that is stored.
import { openDatabase } from './open-database.ts';
import { setSetting } from './settings.ts';

const [path = '', mode = ''] = process.argv.slice(2);
const db = openDatabase(path);
if (mode === 'fill') {
  for (let i = 1; ; i++) {
    setSetting(db, `key ${i}`, 'x'.repeat(2000));
    process.stdout.write(`${i}\n`);
  }
}
process.stdout.write('open\n');
db.close();
