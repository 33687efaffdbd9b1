// Short messages at the edge of the window: what was done, and what could not be done.
import { defineStore } from 'pinia';
import { ref } from 'vue';
import { isCancelled, tellError } from '../logic/errors.ts';

export interface Toast {
  id: number;
  tone: 'good' | 'danger' | 'plain';
  title: string;
  text: string;
  action: { label: string; run: () => void } | undefined;
}

const shownMs = 5_000;
const errorShownMs = 12_000;
const most = 4;

export const useToasts = defineStore('toasts', () => {
  const toasts = ref<Toast[]>([]);
  let nextId = 1;

  function dismiss(id: number): void {
    toasts.value = toasts.value.filter((toast) => toast.id !== id);
  }

  function add(tone: Toast['tone'], title: string, text = '', action?: Toast['action']): void {
    const id = nextId++;
    toasts.value = [...toasts.value.slice(-(most - 1)), { id, tone, title, text, action }];
    setTimeout(() => dismiss(id), tone === 'danger' ? errorShownMs : shownMs);
  }

  /** Says nothing about what the user cancelled. */
  function fail(title: string, error: unknown): void {
    if (isCancelled(error)) return;
    add('danger', title, tellError(error));
  }

  return { toasts, add, fail, dismiss };
});
