// For checkpoint-file.test.ts: continues from the newest checkpoint of the file and writes one after the other,
// telling each that is stored, until it is killed.
import { writeCheckpoint } from './checkpoint-file.ts';
import { findCheckpoint } from './checkpoint-reader.ts';
import { openCheckpointFile } from './open-database.ts';
import { seededTensors } from './test-tensors.ts';

const [path = ''] = process.argv.slice(2);
const db = openCheckpointFile(path);
for (let step = (findCheckpoint(db, 'last')?.step ?? 0) + 1; ; step++) {
  await writeCheckpoint(
    db,
    {
      step,
      epoch: step,
      reason: 'epoch',
      state: JSON.stringify({ step }),
      best: step % 5 === 1,
      records: [],
      createdAt: step,
    },
    seededTensors(step),
    { keepLast: 2, storedUpTo: 0 },
  );
  process.stdout.write(`${step}\n`);
}
