// What past photos are searched by, as it is typed and as it is asked for.
import type { StudioClient } from '../../../../main/api/contract.ts';

export type SearchRequest = Omit<Parameters<StudioClient['classify']['search']>[0], 'offset' | 'limit'>;

export interface SearchFilter {
  /** Empty: any. */
  className: string;
  model: string;
  folder: string;
  /** Whole percents. */
  least: number;
  most: number;
  /** 2026-11-28, of this machine's clock; empty: any. */
  from: string;
  to: string;
  order: 'newest' | 'sure' | 'unsure';
}

export const everything: Readonly<SearchFilter> = {
  className: '',
  model: '',
  folder: '',
  least: 0,
  most: 100,
  from: '',
  to: '',
  order: 'newest',
};

export function toRequest(filter: SearchFilter): SearchRequest {
  const request: SearchRequest = { order: filter.order };
  if (filter.className !== '') request.className = filter.className;
  if (filter.model !== '') request.model = filter.model;
  if (filter.folder.trim() !== '') request.folder = filter.folder.trim();
  if (filter.least > 0) request.least = filter.least / 100;
  if (filter.most < 100) request.most = filter.most / 100;
  // The days that are named belong to the search.
  if (filter.from !== '') request.from = new Date(`${filter.from}T00:00:00`).getTime();
  if (filter.to !== '') request.to = new Date(`${filter.to}T23:59:59.999`).getTime();
  return request;
}
