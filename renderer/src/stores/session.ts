// The application as the page sees it: the connection, what it is connected to, its jobs and settings.
import { defineStore } from 'pinia';
import { computed, inject, ref, shallowRef } from 'vue';
import type { Job } from '../../../main/api/operations/jobs.ts';
import type { Settings, SettingsChange, StudioInfo } from '../../../main/api/operations/studio.ts';
import { changesKey } from '../client/changes.ts';
import { studioKey } from '../client/client.ts';
import type { ConnectionState } from '../client/connection.ts';
import { follow } from '../client/follow.ts';
import { OfflineError } from '../logic/errors.ts';

const unfinished: ReadonlySet<string> = new Set(['queued', 'running', 'paused']);

export function isUnfinished(job: Pick<Job, 'state'>): boolean {
  return unfinished.has(job.state);
}

export const useSession = defineStore('session', () => {
  const studio = inject(studioKey);
  const changes = inject(changesKey);
  if (studio === undefined || changes === undefined) throw new Error('the session needs a studio');
  const { client, connection } = studio;

  const state = ref<ConnectionState>(connection.state);
  const info = shallowRef<StudioInfo>();
  const settings = shallowRef<Settings>();
  const jobs = ref(new Map<string, Job>());
  /** What jobs ended since the page is open, to be told once. */
  const onEnded: ((job: Job) => void)[] = [];
  const lifetime = new AbortController().signal;

  const unfinishedJobs = computed(() => [...jobs.value.values()].filter(isUnfinished));
  const running = computed(() =>
    unfinishedJobs.value.filter(({ state }) => state !== 'queued').sort((a, b) => a.createdAt - b.createdAt),
  );
  const queued = computed(() => unfinishedJobs.value.filter(({ state }) => state === 'queued'));
  const connected = computed(() => state.value.kind === 'open');

  connection.onState((now) => {
    state.value = now;
    if (now.kind === 'open') void refresh();
  });

  async function refresh(): Promise<void> {
    try {
      [info.value, settings.value] = await Promise.all([client.studio.info(), client.studio.settings()]);
      const known = new Map<string, Job>();
      for (const job of await client.jobs.list()) known.set(job.id, job);
      jobs.value = known;
    } catch (error) {
      // The next connection reads it again; anything else shows on the screen that needs it.
      if (!(error instanceof OfflineError)) throw error;
    }
  }

  function take(job: Job): void {
    const before = jobs.value.get(job.id);
    jobs.value.set(job.id, job);
    if (before !== undefined && isUnfinished(before) && !isUnfinished(job)) {
      for (const listener of onEnded) listener(job);
    }
  }

  /** A stream that belongs to the application never ends by itself; where it does, it is opened again. */
  async function forever<Event>(
    open: (signal: AbortSignal) => Promise<AsyncIterable<Event>>,
    take: (event: Event) => void,
  ): Promise<void> {
    while (!lifetime.aborted) {
      await follow(connection, open, take, lifetime).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }

  function start(): void {
    void forever(
      (signal) => client.studio.changes(undefined, { signal }),
      (change) => {
        changes?.tell(change);
        if (change.topic === 'settings') void refresh();
      },
    );
    void forever((signal) => client.jobs.watch(undefined, { signal }), take);
  }

  async function changeSettings(change: SettingsChange): Promise<void> {
    settings.value = await client.studio.changeSettings(change);
  }

  return {
    state,
    info,
    settings,
    jobs,
    unfinishedJobs,
    running,
    queued,
    connected,
    onEnded,
    start,
    refresh,
    changeSettings,
  };
});
