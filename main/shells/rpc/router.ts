// The contract as an oRPC router, made from its table: every input is parsed where it enters, every error leaves as
// { code, message, details? }, and what was not foreseen leaves as nothing but that.
import { type AnyRouter, ORPCError, os } from '@orpc/server';
import { AppError, type ErrorReport, toErrorReport } from '../../api/errors.ts';
import { isOperation, type Operation, type OperationTable } from '../../api/operation.ts';
import { parseWith } from '../../api/parse.ts';
import { toWireData } from '../../api/wire-error.ts';

export interface RouterOptions {
  /** Takes the stacks of what was not foreseen. */
  log: (line: string) => void;
}

type Handler = (input: unknown, signal: AbortSignal) => unknown;

const hidden: ErrorReport = {
  code: 'INTERNAL',
  message:
    'Something went wrong inside AlexNet Studio; studio.log in the data directory says what. Try again.',
};

function toWire(error: unknown, path: string, signal: AbortSignal, { log }: RouterOptions): Error {
  if (error instanceof Error && error.name === 'AbortError' && signal.aborted) {
    return new ORPCError('CANCELLED', { message: 'The call was given up.' });
  }
  const report = toErrorReport(error);
  // Whatever is no error of the application may say anything: paths, statements, values.
  const shown = report.code === 'INTERNAL' && !(error instanceof AppError) ? hidden : report;
  if (report.code === 'INTERNAL') {
    const stack = error instanceof Error ? error.stack : undefined;
    log(`${path}: ${stack ?? report.message}`);
  }
  return new ORPCError(shown.code, { message: shown.message, data: toWireData(shown), cause: error });
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** A stream whose errors cross as those of calls do, and which ends at once when its reader leaves. */
function stream(
  events: AsyncIterable<unknown>,
  leave: AbortController,
  fail: (error: unknown) => Error,
): AsyncIterableIterator<unknown> {
  const iterator = events[Symbol.asyncIterator]();
  return {
    async next() {
      try {
        return await iterator.next();
      } catch (error) {
        // An abort is how a reader leaves.
        if (leave.signal.aborted) return { done: true, value: undefined };
        throw fail(error);
      }
    },
    async return() {
      leave.abort();
      await iterator.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function procedure(operation: Operation, handler: Handler, path: string, options: RouterOptions) {
  return os.handler(async ({ input, signal }: { input: unknown; signal?: AbortSignal | undefined }) => {
    const leave = new AbortController();
    const either = signal === undefined ? leave.signal : AbortSignal.any([signal, leave.signal]);
    const fail = (error: unknown) => toWire(error, path, either, options);
    try {
      const parsed: unknown = parseWith(operation.input, input, 'what was asked', 'INVALID_ARGUMENT');
      const answer = await handler(parsed, either);
      if (operation.kind === 'call') return answer;
      if (!isAsyncIterable(answer)) throw new Error(`${path} gave no stream`);
      return stream(answer, leave, fail);
    } catch (error) {
      throw fail(error);
    }
  });
}

/** `handlers` has the table's form: Handlers<typeof table>. */
export function createRouter(
  table: OperationTable,
  handlers: object,
  options: RouterOptions,
  prefix = '',
): AnyRouter {
  return Object.fromEntries(
    Object.entries(table).map(([name, entry]) => {
      const path = prefix === '' ? name : `${prefix}.${name}`;
      const handler: unknown = Reflect.get(handlers, name);
      if (isOperation(entry)) {
        if (typeof handler !== 'function') throw new Error(`nobody answers ${path}`);
        return [name, procedure(entry, (...args) => Reflect.apply(handler, handlers, args), path, options)];
      }
      if (typeof handler !== 'object' || handler === null) throw new Error(`nobody answers ${path}`);
      return [name, createRouter(entry, handler, options, path)];
    }),
  );
}
