// Deleting runs: first what it would free and what stands in the way, then the question, then the deed.
import { useClient } from '../../client/client.ts';
import { bytes, plural } from '../../logic/format.ts';
import { useConfirm } from '../../stores/confirm.ts';
import { useToasts } from '../../stores/toasts.ts';

/** Resolves with whether they are gone. */
export function useRemoveRuns(): (ids: readonly string[]) => Promise<boolean> {
  const client = useClient();
  const confirm = useConfirm();
  const toasts = useToasts();
  return async (ids) => {
    try {
      const removal = await client.runs.removal({ ids: [...ids] });
      const blocked = removal.runs.filter((run) => run.blocked !== '');
      if (blocked.length > 0) {
        toasts.add(
          'danger',
          'Not deleted',
          blocked.map(({ name, blocked: why }) => `${name}: ${why}`).join('; '),
        );
        return false;
      }
      const checkpoints = removal.runs.reduce((sum, run) => sum + run.checkpoints, 0);
      const evaluations = removal.runs.reduce((sum, run) => sum + run.evaluations, 0);
      const yes = await confirm.ask({
        title: `Delete ${plural(ids.length, 'run')}?`,
        text: `${bytes(removal.sizeBytes)} are freed. This cannot be undone.`,
        facts: [
          ...removal.runs.slice(0, 8).map(({ name, sizeBytes }) => `${name}, ${bytes(sizeBytes)}`),
          ...(removal.runs.length > 8 ? [`and ${removal.runs.length - 8} more`] : []),
          `${plural(checkpoints, 'checkpoint')} and ${plural(evaluations, 'evaluation')} go with them`,
        ],
        confirm: 'Delete',
        danger: true,
      });
      if (!yes) return false;
      await client.runs.delete({ ids: [...ids] });
      toasts.add('good', `${plural(ids.length, 'run')} deleted`, `${bytes(removal.sizeBytes)} freed.`);
      return true;
    } catch (error) {
      toasts.fail('Not deleted', error);
      return false;
    }
  };
}
