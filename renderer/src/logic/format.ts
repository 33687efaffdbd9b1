// Numbers and times as people read them. What is unknown is a dash, never NaN.

import { dash, known } from '../../../main/api/number-text.ts';

export { amount, bytes, compact } from '../../../main/api/number-text.ts';

/** A fraction 0..1 as per cent: '12.3 %'. */
export function percent(fraction: number | null | undefined, digits = 1): string {
  return known(fraction) ? `${(fraction * 100).toFixed(digits)} %` : dash;
}

/** The 95 % range beside an error: '40.8 – 41.6 %'; empty where it is not known. */
export function range(interval: readonly [number, number] | null | undefined, digits = 1): string {
  if (interval === null || interval === undefined) return '';
  return `${(interval[0] * 100).toFixed(digits)} – ${percent(interval[1], digits)}`;
}

export function count(value: number | null | undefined): string {
  return known(value) ? Math.round(value).toLocaleString('en-US') : dash;
}

/** '1 image', '2,000 images' */
export function plural(value: number, noun: string, many = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : many}`;
}

export function loss(value: number | null | undefined): string {
  return known(value) ? value.toFixed(4) : dash;
}

/** '12 ms', '0.4 s', '42 s', '3 min 20 s', '5 h 2 min', '2 d 3 h' */
export function duration(ms: number | null | undefined): string {
  if (!known(ms)) return dash;
  if (ms < 100) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** What is left of a job, coarser the longer it is: nobody needs the seconds of a day. */
export function timeLeft(ms: number | null | undefined): string {
  if (!known(ms)) return '';
  if (ms < 5_000) return 'a few seconds left';
  if (ms < 60_000) return `${Math.ceil(ms / 5_000) * 5} s left`;
  if (ms < 3_600_000) return `${Math.ceil(ms / 60_000)} min left`;
  return `${duration(Math.ceil(ms / 60_000) * 60_000)} left`;
}

/** Images a second: '3.2', '54', '1,234'. */
export function rate(value: number | null | undefined): string {
  if (!known(value)) return dash;
  return value < 9.95 ? value.toFixed(1) : count(value);
}

const two = (value: number) => String(value).padStart(2, '0');

/** Local time, '2026-01-31 14:05'. */
export function when(at: number | null | undefined): string {
  if (!known(at)) return dash;
  const date = new Date(at);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Local time of the day with seconds, for logs. */
export function clock(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** 'just now', '5 min ago', '3 h ago', '2 d ago', then the date. */
export function ago(at: number | null | undefined, now: number): string {
  if (!known(at)) return dash;
  const minutes = Math.floor((now - at) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`;
  if (minutes < 7 * 24 * 60) return `${Math.floor(minutes / (24 * 60))} d ago`;
  return when(at).slice(0, 10);
}
