// The list of runs as the screens read it: filtered, sorted, by pages; and what there is to filter by.
import type { RunFacets, RunList, RunPage } from '../api/operations/runs.ts';
import type { RunConfig } from '../api/run-config.ts';
import type { RunState } from '../api/runs.ts';
import type { ReadableDatabase, SqlValue } from './database.ts';
import { type RunRow, runColumns, toRun } from './runs.ts';

const sortColumns: Record<RunList['sort'], string> = {
  createdAt: 'created_at',
  name: 'name COLLATE NOCASE',
  state: 'state',
  datasetName: 'dataset_name COLLATE NOCASE',
  preset: 'preset',
  step: 'step',
  loss: 'loss',
  bestTop1Error: 'best_top1_error',
  parameters: 'parameters',
  startedAt: 'started_at',
  endedAt: 'ended_at',
};

const filterSql = `(@search = '' OR
    instr(lower(name || ' ' || preset || ' ' || dataset_name || ' ' || tags || ' ' || notes || ' ' || id), @search) > 0)
  AND (@states IS NULL OR state IN (SELECT value FROM json_each(@states)))
  AND (@datasetId IS NULL OR dataset_id = @datasetId)
  AND (@preset IS NULL OR preset = @preset)
  AND (@tag IS NULL OR EXISTS (SELECT 1 FROM json_each(tags) WHERE value = @tag))
  AND (@starred IS NULL OR starred = @starred)`;

/** Runs without a value come last, whichever way it is sorted. */
export function runListSql(sort: RunList['sort'], descending: boolean): string {
  const column = sortColumns[sort];
  const way = descending ? 'DESC' : 'ASC';
  const order =
    sort === 'createdAt'
      ? `created_at ${way}, id ${way}`
      : `${column} ${way} NULLS LAST, created_at DESC, id`;
  return `SELECT ${runColumns} FROM runs WHERE ${filterSql} ORDER BY ${order} LIMIT @limit OFFSET @offset`;
}

export function pageRuns(db: ReadableDatabase, request: RunList): RunPage {
  const filter: Record<string, SqlValue> = {
    search: request.search.toLowerCase(),
    states: request.states === undefined ? null : JSON.stringify(request.states),
    datasetId: request.datasetId ?? null,
    preset: request.preset ?? null,
    tag: request.tag ?? null,
    starred: request.starred === undefined ? null : Number(request.starred),
  };
  const count = `SELECT count(*) AS n FROM runs WHERE ${filterSql}`;
  const { limit, offset } = request;
  const rows = db.all<RunRow>('runs.filteredPage', runListSql(request.sort, request.descending), {
    ...filter,
    limit,
    offset,
  });
  return { total: db.get<{ n: number }>('runs.filteredCount', count, filter)?.n ?? 0, runs: rows.map(toRun) };
}

export const runAlikeSql = `SELECT runs.id FROM
    (SELECT id, step, created_at FROM runs ORDER BY created_at DESC, id DESC LIMIT @among) AS runs
    JOIN run_recipes ON run_id = runs.id
  WHERE step >= @steps AND json_extract(config, '$.devices') = @devices
    AND coalesce(json_extract(config, '$.parallelism'), 'columns') = @parallelism
    AND json_extract(config, '$.precision') = @precision AND json_extract(config, '$.threads') = @threads
  ORDER BY runs.created_at DESC, runs.id DESC LIMIT 1`;

/** The newest run, among so many, that computed in the same place for at least so many steps. */
export function findRunAlike(
  db: ReadableDatabase,
  {
    devices,
    parallelism,
    precision,
    threads,
  }: Pick<RunConfig, 'devices' | 'parallelism' | 'precision' | 'threads'>,
  { among, steps }: { among: number; steps: number },
): string | undefined {
  const place = { devices: JSON.stringify(devices), parallelism, precision, threads };
  return db.get<{ id: string }>('runs.alike', runAlikeSql, { ...place, among, steps })?.id;
}

/** Everything that runs can be filtered by, the most frequent first. */
export function runFacets(db: ReadableDatabase): RunFacets {
  const total = db.get<{ n: number }>('runs.count', 'SELECT count(*) AS n FROM runs')?.n ?? 0;
  return {
    total,
    tags: db.all<{ tag: string; count: number }>(
      'runs.tags',
      'SELECT value AS tag, count(*) AS count FROM runs, json_each(tags) GROUP BY value ORDER BY 2 DESC, 1',
    ),
    presets: db.all<{ preset: string; count: number }>(
      'runs.presets',
      'SELECT preset, count(*) AS count FROM runs GROUP BY preset ORDER BY 2 DESC, 1',
    ),
    states: db.all<{ state: RunState; count: number }>(
      'runs.states',
      'SELECT state, count(*) AS count FROM runs GROUP BY state ORDER BY 2 DESC, 1',
    ),
  };
}
