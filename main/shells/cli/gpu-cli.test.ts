// GPUs on the command line, as child processes with the real addon and a plug-in that stands in for the CUDA one
// by computing on the CPU: what `devices` says, what training refuses, and the whole way there and back.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeTestPhotos } from '../../services/testing/test-photos.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const checkout = fileURLToPath(new URL('../../../', import.meta.url));
const entry = join(checkout, 'main/shells/cli/main.ts');
const addon = process.env.ALEXNET_STUDIO_ADDON ?? join(checkout, 'native/build/release/alexnet.node');
const standIn = join(checkout, 'native/build/release/cuda_stubs/plugin/cpu.so');
const missing = [addon, standIn].find((path) => !existsSync(path));

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'alexnet-gpu-'));
  writeTestPhotos(join(root, 'train'), 3, 6, 'train');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Result {
  status: number;
  events: Record<string, unknown>[];
}

/** Runs one command with these variables of the environment. */
function cli(variables: Record<string, string>, ...args: string[]): Promise<Result> {
  const env = { ...process.env, ALEXNET_STUDIO_HOME: join(root, 'home'), ...variables };
  return new Promise((resolve) => {
    execFile(process.execPath, [entry, '--json', ...args], { cwd: root, env }, (error, stdout) => {
      const events = stdout.split('\n').filter((line) => line.startsWith('{'));
      const status = error === null ? 0 : Number(error.code);
      resolve({ status, events: events.map((line) => JSON.parse(line) as Record<string, unknown>) });
    });
  });
}

const gpu = { ALEXNET_CUDA_PLUGIN: standIn };
const small = '--set net.widthFactor=0.01 --set net.inputSize=64 --batch 6 --threads 1 --seed 3'.split(' ');
const train = (name: string, devices: string, ...more: string[]) => [
  'train',
  '--dataset',
  'things',
  '--name',
  name,
  '--devices',
  devices,
  ...small,
  ...more,
];
const losses = ({ events }: Result) => events.filter(({ event }) => event === 'step').map(({ loss }) => loss);

describe.skipIf(missing !== undefined)(
  `GPUs${missing === undefined ? '' : ` (skipped: no ${missing})`}`,
  () => {
    beforeAll(async () => {
      expect((await cli({}, 'dataset', 'add', '--name', 'things', '--train', 'train')).status).toBe(0);
    });

    it('lists GPUs with what they have and what limits them', async () => {
      const { status, events } = await cli(gpu, 'devices');
      expect(status).toBe(0);
      expect(events[0]?.devices).toMatchObject([
        { id: 'cpu', usable: true, driver: '', computeCapability: '', freeBytes: -1, notes: [] },
        {
          id: 'cuda:0',
          name: 'Stand-in GPU',
          usable: true,
          reason: '',
          memoryBytes: 80 * 2 ** 30,
          freeBytes: 79 * 2 ** 30,
          precisions: ['fp32', 'tf32', 'bf16'],
          library: 'cuDNN 9.10.2, cuBLASLt 13.0.2, NCCL 2.27.3',
          driver: '580.65.06 (CUDA 13.0)',
          computeCapability: '9.0',
          sharingReason: '',
          notes: [expect.stringContaining("cuda:1 go through the host's memory")],
        },
        { id: 'cuda:1', usable: true },
      ]);
    });

    it('says why there is none, and training refuses with that very reason', async () => {
      const reasons = new Set<string>();
      for (const variables of [
        { ALEXNET_CUDA_PLUGIN: join(root, 'no-plugin.so') },
        { ...gpu, ALEXNET_STUB: 'no-driver' },
        { ...gpu, ALEXNET_STUB: 'no-cudnn' },
      ]) {
        const { events } = await cli(variables, 'devices');
        const devices = events[0]?.devices as { id: string; usable: boolean; reason: string }[];
        const [first] = devices.filter(({ id }) => id.startsWith('cuda'));
        expect(first).toMatchObject({ usable: false });
        reasons.add(first?.reason ?? '');
        const refused = await cli(variables, ...train('none', 'cuda:0', '--steps', '1'));
        expect(refused.status).toBe(1);
        expect(refused.events.at(-1)).toMatchObject({
          error: { code: 'DEVICE_UNAVAILABLE', message: expect.stringContaining(first?.reason ?? '-') },
        });
      }
      expect(reasons.size).toBe(3);
    });

    it('refuses to share a batch among GPUs without NCCL before there is a run', async () => {
      const lacking = { ...gpu, ALEXNET_STUB: 'no-nccl' };
      const { events } = await cli(lacking, 'devices');
      expect(events[0]?.devices).toMatchObject([
        { id: 'cpu', sharingReason: '' },
        { id: 'cuda:0', usable: true, sharingReason: 'NCCL is missing; install it' },
        { id: 'cuda:1', usable: true, sharingReason: 'NCCL is missing; install it' },
      ]);
      const shared = [...train('shared', 'cuda:0,cuda:1', '--steps', '1'), '--parallelism', 'data'];
      const refused = await cli(lacking, ...shared);
      expect(refused.status).toBe(1);
      expect(refused.events.at(-1)).toMatchObject({
        error: {
          code: 'DEVICE_UNAVAILABLE',
          message: 'several GPUs add up their gradients with NCCL; NCCL is missing; install it',
        },
      });
      expect((await cli(gpu, 'runs', 'show', 'shared')).status).toBe(1);
      expect((await cli(gpu, ...shared)).status).toBe(0);
    });

    it('tells, and keeps in the run, why steps are not queued as graphs', async () => {
      const message = 'CUDA graphs are not used on cuda:0: the stand-in has none';
      const slow = { ...gpu, ALEXNET_STUB_NO_GRAPHS: '1' };
      const trained = await cli(slow, ...train('slow', 'cuda:0,cuda:1', '--steps', '3'));
      expect(trained.status).toBe(0);
      expect(trained.events.filter(({ event }) => event === 'notice')).toEqual([
        expect.objectContaining({ step: 1, message }),
      ]);
      const shown = await cli(gpu, 'runs', 'show', 'slow');
      const events = shown.events[0]?.events as { kind: string; payload: { message?: string } }[];
      expect(events.filter(({ kind }) => kind === 'notice').map(({ payload }) => payload.message)).toEqual([
        message,
      ]);
    });

    it('trains on one and on two, goes on after a lost device, and elsewhere', async () => {
      const whole = await cli(gpu, ...train('whole', 'cuda:0,cuda:1', '--epochs', '2'));
      expect(whole.status).toBe(0);
      const one = await cli(gpu, ...train('one', 'cuda:0', '--epochs', '2'));
      expect(losses(one)).toEqual(losses(whole));

      const half = await cli(
        gpu,
        ...train('half', 'cuda:0,cuda:1', '--epochs', '2', '--set', 'checkpoints.everySteps=1'),
      );
      expect(losses(half)).toEqual(losses(whole));
      const lost = await cli(
        { ...gpu, ALEXNET_STUB_LOST: '1' },
        ...train('lost', 'cuda:0,cuda:1', '--epochs', '2'),
      );
      expect(lost.status).toBe(1);
      expect(lost.events.at(-1)).toMatchObject({
        error: { code: 'DEVICE_LOST', message: 'cuda:0 has fallen off the bus' },
      });
      const shown = await cli(gpu, 'runs', 'show', 'lost');
      expect(shown.events[0]).toMatchObject({
        state: 'interrupted',
        reason: 'cuda:0 has fallen off the bus',
      });

      const resumed = await cli({}, 'resume', 'lost', '--devices', 'cpu');
      expect(resumed.status).toBe(0);
      expect(losses(resumed)).toEqual(losses(whole));
      expect((await cli(gpu, 'runs', 'show', 'lost')).events[0]).toMatchObject({ state: 'finished' });
      const refused = await cli({ ALEXNET_CUDA_PLUGIN: 'none' }, 'resume', 'whole', '--devices', 'cuda:0');
      expect(refused.events.at(-1)).toMatchObject({ error: { code: 'DEVICE_UNAVAILABLE' } });
    });
  },
);
