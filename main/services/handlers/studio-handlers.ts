// Handlers of the application as a whole, its devices and its folders.

import { homedir } from 'node:os';
import type { StudioHandlers } from '../../api/contract.ts';
import { toErrorReport } from '../../api/errors.ts';
import { DeviceLoads } from '../device-load.ts';
import { freeBytes, measureStorage } from '../disk-use.ts';
import { listFolder } from '../folders.ts';
import type { HandlerParts } from './parts.ts';

function engine(parts: HandlerParts): { formats: string[]; engineProblem: string } {
  try {
    return { formats: parts.addon().supportedFormats(), engineProblem: '' };
  } catch (error) {
    return { formats: [], engineProblem: toErrorReport(error).message };
  }
}

export function studioHandlers(parts: HandlerParts): StudioHandlers['studio'] {
  const { db, directory, changes, settings, answers } = parts;
  return {
    info: () => ({
      version: parts.version,
      instance: parts.instance,
      remote: parts.remote,
      dataDirectory: directory.root,
      homeDirectory: homedir(),
      freeBytes: freeBytes(directory),
      ...engine(parts),
      startedAt: parts.startedAt,
    }),
    changes: (_, signal) => changes.stream({ topic: 'connected', id: parts.instance }, signal),
    settings: () => settings.read(),
    changeSettings(change) {
      const now = settings.change(change);
      if (change.historyDays !== undefined) answers.trimHistory(change.historyDays);
      return now;
    },
    storage: () => measureStorage(db, directory),
  };
}

export function devicesHandlers({ devices, addon }: HandlerParts): StudioHandlers['devices'] {
  const loads = new DeviceLoads({ devices: () => devices.list(), readGpus: () => addon().readGpuLoads() });
  return {
    list: () => devices.list(),
    load: (_, signal) => loads.watch(signal),
  };
}

export function foldersHandlers(): StudioHandlers['folders'] {
  return { list: ({ path, files }, signal) => listFolder(path, files, signal) };
}
