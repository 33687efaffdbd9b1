// For owner.test.ts and runs.test.ts: claims the run named by its arguments and stays until it is killed.
import { openDatabase } from './open-database.ts';
import { ownerOf } from './owner.ts';
import { claimRun } from './runs.ts';

const [path = '', runId = ''] = process.argv.slice(2);
const db = openDatabase(path);
claimRun(db, runId, ownerOf(), Date.now());
process.stdout.write('claimed\n');
process.stdin.resume();
