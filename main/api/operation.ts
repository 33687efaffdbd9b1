// What the contract is made of: operations with the schemas of what goes in and what comes out. A call answers
// once; a stream answers with events until it ends, fails, or its reader leaves. The router (main/shells/rpc), the
// services' handlers and the client's type are all derived from the table of them.
//
// Errors cross as oRPC errors with `code` from ErrorCode, `message`, and `data` = { details? } (see wire-error.ts).
import * as z from 'zod';

export interface Call<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  readonly kind: 'call';
  readonly input: Input;
  readonly output: Output;
}

export interface Stream<Input extends z.ZodType = z.ZodType, Event extends z.ZodType = z.ZodType> {
  readonly kind: 'stream';
  readonly input: Input;
  readonly output: Event;
}

export type Operation = Call | Stream;

export interface OperationTable {
  readonly [name: string]: Operation | OperationTable;
}

/** Where nothing goes in or comes out. */
export const nothing = z.void();

export function call<Input extends z.ZodType, Output extends z.ZodType>(schemas: {
  input: Input;
  output: Output;
}): Call<Input, Output> {
  return { kind: 'call', ...schemas };
}

/** `output` is the schema of one event. */
export function stream<Input extends z.ZodType, Event extends z.ZodType>(schemas: {
  input: Input;
  output: Event;
}): Stream<Input, Event> {
  return { kind: 'stream', ...schemas };
}

export function isOperation(entry: Operation | OperationTable): entry is Operation {
  return typeof entry.kind === 'string';
}

/** Aborting ends a call early, and a stream at its next event. */
export interface CallOptions {
  signal?: AbortSignal;
}

type Arguments<Input extends z.ZodType> =
  undefined extends z.input<Input>
    ? [input?: z.input<Input>, options?: CallOptions]
    : [input: z.input<Input>, options?: CallOptions];

/** The contract as its users see it; what oRPC's createORPCClient() returns at run time. */
export type Client<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Call<infer Input, infer Output>
    ? (...args: Arguments<Input>) => Promise<z.output<Output>>
    : Table[Name] extends Stream<infer Input, infer Event>
      ? (...args: Arguments<Input>) => Promise<AsyncIterableIterator<z.output<Event>>>
      : Client<Table[Name]>;
};

/** The contract as it is answered: inputs parsed, `signal` aborted when the caller has left. */
export type Handlers<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Call<infer Input, infer Output>
    ? (input: z.output<Input>, signal: AbortSignal) => Promise<z.output<Output>> | z.output<Output>
    : Table[Name] extends Stream<infer Input, infer Event>
      ? (input: z.output<Input>, signal: AbortSignal) => AsyncIterable<z.output<Event>>
      : Handlers<Table[Name]>;
};
