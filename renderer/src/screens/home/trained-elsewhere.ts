// Runs that another program trains on the same data directory: the command line, say.
interface Trained {
  id: string;
  state: string;
}

/** `jobs`: what this application has to do. */
export function trainedElsewhere<Run extends Trained>(
  runs: readonly Run[],
  jobs: readonly { subject: string | null }[],
): Run[] {
  const own = new Set(jobs.map(({ subject }) => subject));
  return runs.filter(({ id, state }) => (state === 'running' || state === 'paused') && !own.has(id));
}
