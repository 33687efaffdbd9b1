// How a shell starts engine hosts by means of its own: what it must give, and what it starts.
export type { HostChild, HostExit, SpawnHost } from '../engine/client.ts';
export { hostEntry, hostEnvironment } from '../engine/fork-host.ts';
