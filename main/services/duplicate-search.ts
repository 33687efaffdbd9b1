// Records with the same pixels: by the checksums the pack keeps, then byte by byte, so that a collision is no
// duplicate.
import { setImmediate as giveWay } from 'node:timers/promises';
import type { Split } from '../api/datasets.ts';
import type { DuplicateRecord } from '../data/duplicates.ts';
import type { NativePack } from '../engine/addon.ts';

const hashesAtOnce = 100_000;

export interface OpenSplit {
  split: Split;
  pack: NativePack;
}

/** Groups of two or more, in the order of their first records. */
export async function findDuplicates(
  splits: readonly OpenSplit[],
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<DuplicateRecord[][]> {
  const total = splits.reduce((sum, { pack }) => sum + pack.count, 0);
  const byHash = new Map<bigint, DuplicateRecord[]>();
  let done = 0;
  for (const { split, pack } of splits) {
    for (let first = 0; first < pack.count; first += hashesAtOnce) {
      signal.throwIfAborted();
      const hashes = pack.hashes(first, Math.min(hashesAtOnce, pack.count - first));
      hashes.forEach((hash, i) => {
        const record = { split, record: first + i };
        const same = byHash.get(hash);
        if (same === undefined) byHash.set(hash, [record]);
        else same.push(record);
      });
      done += hashes.length;
      onProgress(done, total);
      await giveWay();
    }
  }
  const packs = new Map(splits.map(({ split, pack }) => [split, pack]));
  const groups: DuplicateRecord[][] = [];
  for (const candidates of byHash.values()) {
    if (candidates.length < 2) continue;
    signal.throwIfAborted();
    groups.push(...samePixels(candidates, packs));
    await giveWay();
  }
  return groups;
}

/** Candidates with one checksum, parted by their pixels. */
function samePixels(
  candidates: readonly DuplicateRecord[],
  packs: ReadonlyMap<Split, NativePack>,
): DuplicateRecord[][] {
  const groups: { pixels: Uint8Array; records: DuplicateRecord[] }[] = [];
  for (const candidate of candidates) {
    const pixels = packs.get(candidate.split)?.record(candidate.record) ?? new Uint8Array();
    const group = groups.find((one) => Buffer.compare(one.pixels, pixels) === 0);
    if (group === undefined) groups.push({ pixels, records: [candidate] });
    else group.records.push(candidate);
  }
  return groups.map(({ records }) => records).filter((records) => records.length > 1);
}
