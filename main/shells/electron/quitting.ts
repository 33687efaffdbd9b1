// The end of the application: a question where something runs, then what trains stops with a checkpoint and the
// database is closed before the process leaves.
import type { Job } from '../../api/operations/jobs.ts';
import type { MessageBox } from './electron-parts.ts';

export type QuitAnswer = 'background' | 'stop' | 'cancel';

const answers: QuitAnswer[] = ['background', 'stop', 'cancel'];

export function quitQuestion(running: readonly Job[]): MessageBox {
  const trains = running.some(({ kind }) => kind === 'train');
  const [only, ...others] = running;
  return {
    type: 'question',
    title: 'AlexNet Studio',
    message:
      others.length === 0
        ? `${only?.title ?? 'A job'} is still running.`
        : `${running.length} jobs are running.`,
    detail:
      `${others.length === 0 ? '' : `${running.map(({ title }) => title).join('\n')}\n\n`}` +
      'In the background it goes on without a window; opening AlexNet Studio again shows the window. ' +
      (trains
        ? 'Stopped training writes a checkpoint first and can be resumed from it.'
        : 'What is already done is kept where that is possible.'),
    buttons: [
      trains ? 'Keep training in the background' : 'Go on in the background',
      trains ? 'Stop with a checkpoint' : 'Stop',
      'Cancel',
    ],
    defaultId: 0,
    cancelId: 2,
    noLink: true,
  };
}

export interface QuittingParts {
  running: () => Job[];
  ask: (box: MessageBox) => Promise<{ response: number }>;
  /** Goes on without a window. */
  toBackground: () => void;
  /** It takes a while: training writes its checkpoint. */
  closing: () => void;
  close: () => Promise<void>;
  exit: (code: number) => void;
  log: (line: string) => void;
}

export class Quitting {
  readonly #parts: QuittingParts;
  #asking = false;
  #ending: Promise<void> | undefined;

  constructor(parts: QuittingParts) {
    this.#parts = parts;
  }

  /** The user wants to leave: closed the window, chose Quit. */
  async request(): Promise<void> {
    if (this.#asking || this.#ending !== undefined) return;
    const running = this.#parts.running();
    if (running.length === 0) return await this.now();
    this.#asking = true;
    let answer: QuitAnswer;
    try {
      const { response } = await this.#parts.ask(quitQuestion(running));
      answer = answers[response] ?? 'cancel';
    } finally {
      this.#asking = false;
    }
    if (answer === 'stop') await this.now();
    else if (answer === 'background') this.#parts.toBackground();
  }

  /** Without a question: the system goes down, a signal came, or there is nothing left to do. */
  now(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    const { closing, close, exit, log } = this.#parts;
    closing();
    try {
      await close();
      exit(0);
    } catch (error) {
      log(`closing: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
      exit(1);
    }
  }
}
