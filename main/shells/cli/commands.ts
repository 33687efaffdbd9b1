// Every command, in the order in which the usage shows them.
import type { Command } from './command.ts';
import { classify } from './commands/classify.ts';
import { datasetAdd } from './commands/dataset-add.ts';
import { datasetList } from './commands/dataset-list.ts';
import { datasetRemove } from './commands/dataset-remove.ts';
import { datasetShow } from './commands/dataset-show.ts';
import { datasetVerify } from './commands/dataset-verify.ts';
import { demo } from './commands/demo.ts';
import { devices } from './commands/devices.ts';
import { evaluate } from './commands/evaluate.ts';
import { evaluationsCompare } from './commands/evaluations-compare.ts';
import { evaluationsList } from './commands/evaluations-list.ts';
import { ledgerExport } from './commands/ledger-export.ts';
import { ledgerRun } from './commands/ledger-run.ts';
import { ledgerShow } from './commands/ledger-show.ts';
import { modelCheck } from './commands/model-check.ts';
import { modelExport } from './commands/model-export.ts';
import { modelImport } from './commands/model-import.ts';
import { modelInspect } from './commands/model-inspect.ts';
import { modelList } from './commands/model-list.ts';
import { modelRemove } from './commands/model-remove.ts';
import { resume } from './commands/resume.ts';
import { runsCompare } from './commands/runs-compare.ts';
import { runsDelete } from './commands/runs-delete.ts';
import { runsList } from './commands/runs-list.ts';
import { runsReport } from './commands/runs-report.ts';
import { runsShow } from './commands/runs-show.ts';
import { serve } from './commands/serve.ts';
import { sort } from './commands/sort.ts';
import { sortUndo } from './commands/sort-undo.ts';
import { train } from './commands/train.ts';
import { watch } from './commands/watch.ts';

export const commands: readonly Command[] = [
  datasetAdd,
  datasetList,
  datasetShow,
  datasetVerify,
  datasetRemove,
  train,
  resume,
  evaluate,
  evaluationsList,
  evaluationsCompare,
  classify,
  sortUndo,
  sort,
  watch,
  runsList,
  runsShow,
  runsCompare,
  runsReport,
  runsDelete,
  ledgerShow,
  ledgerRun,
  ledgerExport,
  modelList,
  modelInspect,
  modelImport,
  modelCheck,
  modelExport,
  modelRemove,
  devices,
  serve,
  demo,
];
