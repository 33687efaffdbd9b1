// The engine host's entry, started by fork-host.ts or by Electron as a utility process. It alone joins the
// engine with the files of main/data.

import { writeCheckpoint } from '../data/checkpoint-file.ts';
import {
  findCheckpoint,
  listRecords,
  openCheckpointTensors,
  readCheckpointState,
} from '../data/checkpoint-reader.ts';
import { SafetensorsFile } from '../data/model-formats/safetensors.ts';
import { openCheckpointFile, openCheckpointReader } from '../data/open-database.ts';
import { runHost } from './host.ts';
import { loadAddon } from './load-addon.ts';
import { openPort } from './port.ts';
import type { CheckpointStore, HostStorage, OpenModel } from './storage.ts';

function openCheckpoints(file: string, keepLast: number): CheckpointStore {
  const db = openCheckpointFile(file);
  return {
    newest() {
      const found = findCheckpoint(db, 'last');
      if (found === undefined) return undefined;
      const { id, step } = found;
      return { id, step, state: readCheckpointState(db, id), tensors: openCheckpointTensors(db, id) };
    },
    records: () => listRecords(db),
    write: (checkpoint, source, storedUpTo) =>
      writeCheckpoint(db, { ...checkpoint, createdAt: Date.now() }, source, {
        keepLast,
        storedUpTo,
        log: (line) => process.stderr.write(`${line}\n`),
      }),
    close: () => db.close(),
  };
}

function openModel(source: Parameters<HostStorage['openModel']>[0]): OpenModel {
  if (source.kind === 'safetensors') return new SafetensorsFile(source.file);
  const db = openCheckpointReader(source.file);
  try {
    const tensors = openCheckpointTensors(db, source.checkpointId);
    return {
      tensors: tensors.tensors,
      read: (name, offset, count) => tensors.read(name, offset, count),
      close: () => db.close(),
    };
  } catch (error) {
    db.close();
    throw error;
  }
}

runHost({ port: openPort(), loadAddon, storage: { openCheckpoints, openModel } });
