// A look-alike of Electron's interfaces, as far as the shell uses them: it records what it is told, and a test plays
// the user and the system.
import { fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type MessagePort, MessageChannel as ThreadChannel } from 'node:worker_threads';
import type {
  Application,
  Channel,
  Contents,
  Dialog,
  DownloadItem,
  ElectronParts,
  ForkUtility,
  Frame,
  Ipc,
  MenuItem,
  MessageBox,
  Notice,
  OpenDialog,
  Port,
  Rectangle,
  SenderEvent,
  Session,
  ShownNotice,
  TrayIcon,
  UtilityChild,
  Window,
  WindowOptions,
} from '../electron-parts.ts';
import { pageUrl } from '../origin.ts';

export class Stop {
  prevented = false;
  preventDefault(): void {
    this.prevented = true;
  }
}

/** As MessagePortMain: events with `data`, and nothing before start(). */
export class MainPort extends EventEmitter implements Port {
  readonly raw: MessagePort;
  closed = false;

  constructor(raw: MessagePort) {
    super();
    this.raw = raw;
    raw.on('close', () => {
      this.closed = true;
      this.emit('close');
    });
  }

  postMessage(message: unknown): void {
    if (!this.closed) this.raw.postMessage(message);
  }

  start(): void {
    this.raw.on('message', (data: unknown) => this.emit('message', { data }));
  }

  close(): void {
    this.raw.close();
  }
}

export class FakeFrame implements Frame {
  readonly sent: { channel: string; message: unknown; transfer: Port[] }[] = [];
  readonly url: string;
  readonly parent: object | null;

  constructor(url: string = pageUrl, parent: object | null = null) {
    this.url = url;
    this.parent = parent;
  }

  postMessage(channel: string, message: unknown, transfer: Port[] = []): void {
    this.sent.push({ channel, message, transfer });
  }
}

export class FakeIpc implements Ipc {
  readonly listeners = new Map<string, (event: SenderEvent) => void>();
  readonly handlers = new Map<string, (event: SenderEvent, request: unknown) => Promise<unknown>>();

  on(channel: string, listener: (event: SenderEvent) => void): void {
    this.listeners.set(channel, listener);
  }

  handle(channel: string, handler: (event: SenderEvent, request: unknown) => Promise<unknown>): void {
    this.handlers.set(channel, handler);
  }

  /** As ipcRenderer.send() of a page. */
  send(channel: string, senderFrame: Frame | null): void {
    this.listeners.get(channel)?.({ senderFrame });
  }

  /** As ipcRenderer.invoke() of a page. */
  async invoke(channel: string, senderFrame: Frame | null, request: unknown): Promise<unknown> {
    return await this.handlers.get(channel)?.({ senderFrame }, request);
  }
}

export class FakeContents extends EventEmitter implements Contents {
  openHandler: ((details: { url: string }) => { action: 'deny' }) | undefined;
  url = '';

  setWindowOpenHandler(handler: (details: { url: string }) => { action: 'deny' }): void {
    this.openHandler = handler;
  }

  getURL(): string {
    return this.url;
  }

  /** Whether the page may go there. */
  mayGo(event: 'will-navigate' | 'will-frame-navigate' | 'will-redirect', url: string): boolean {
    const stop = Object.assign(new Stop(), { url });
    this.emit(event, stop);
    return !stop.prevented;
  }
}

export class FakeWindow extends EventEmitter implements Window {
  readonly options: WindowOptions;
  readonly webContents = new FakeContents();
  readonly loaded: string[] = [];
  readonly progress: { value: number; mode: string | undefined }[] = [];
  visible = false;
  focused = false;
  minimized = false;
  maximized = false;
  bounds: Rectangle;

  constructor(options: WindowOptions) {
    super();
    this.options = options;
    this.bounds = { x: options.x ?? 10, y: options.y ?? 20, width: options.width, height: options.height };
  }

  loadURL(url: string): Promise<void> {
    this.loaded.push(url);
    return Promise.resolve();
  }
  show(): void {
    this.visible = true;
    this.focused = true;
  }
  hide(): void {
    this.visible = false;
    this.focused = false;
  }
  focus(): void {
    this.focused = true;
  }
  restore(): void {
    this.minimized = false;
  }
  maximize(): void {
    this.maximized = true;
  }
  isMinimized(): boolean {
    return this.minimized;
  }
  isMaximized(): boolean {
    return this.maximized;
  }
  isFocused(): boolean {
    return this.focused;
  }
  isVisible(): boolean {
    return this.visible;
  }
  getNormalBounds(): Rectangle {
    return this.bounds;
  }
  setProgressBar(value: number, options?: { mode: string }): void {
    this.progress.push({ value, mode: options?.mode });
  }

  /** The user closes it; whether it would have closed by itself. */
  userCloses(): boolean {
    const stop = new Stop();
    this.emit('close', stop);
    return !stop.prevented;
  }
}

export class FakeSession extends EventEmitter implements Session {
  request: Parameters<Session['setPermissionRequestHandler']>[0] | undefined;
  check: Parameters<Session['setPermissionCheckHandler']>[0] | undefined;
  device: (() => boolean) | undefined;

  setPermissionRequestHandler(handler: NonNullable<FakeSession['request']>): void {
    this.request = handler;
  }
  setPermissionCheckHandler(handler: NonNullable<FakeSession['check']>): void {
    this.check = handler;
  }
  setDevicePermissionHandler(handler: () => boolean): void {
    this.device = handler;
  }

  /** Whether a page's request is granted. */
  grants(permission: string, requestingUrl: string): boolean {
    let granted = true;
    this.request?.(
      new FakeContents(),
      permission,
      (answer) => {
        granted = answer;
      },
      { requestingUrl },
    );
    return granted;
  }

  /** What the save dialog would be, or undefined where the download was refused. */
  download(url: string, name: string): { title: string; defaultPath: string } | undefined {
    const stop = new Stop();
    let dialog: { title: string; defaultPath: string } | undefined;
    const item: DownloadItem = {
      getURL: () => url,
      getFilename: () => name,
      setSaveDialogOptions: (options) => {
        dialog = options;
      },
    };
    this.emit('will-download', stop, item);
    return stop.prevented ? undefined : dialog;
  }
}

export class FakeDialog implements Dialog {
  readonly boxes: MessageBox[] = [];
  readonly opened: OpenDialog[] = [];
  readonly errors: { title: string; content: string }[] = [];
  /** The button that the user presses. */
  answer = 2;
  picked: string[] = [];

  showMessageBox(_window: Window, box: MessageBox): Promise<{ response: number }> {
    this.boxes.push(box);
    return Promise.resolve({ response: this.answer });
  }
  showOpenDialog(_window: Window, options: OpenDialog): Promise<{ canceled: boolean; filePaths: string[] }> {
    this.opened.push(options);
    return Promise.resolve({ canceled: this.picked.length === 0, filePaths: this.picked });
  }
  showErrorBox(title: string, content: string): void {
    this.errors.push({ title, content });
  }
}

export class FakeApp extends EventEmitter implements Application {
  isPackaged = false;
  /** What happened, in order. */
  readonly calls: string[] = [];
  /** Another start holds it. */
  taken = false;
  readonly exited: Promise<number>;
  #exit: (code: number) => void = () => {};

  constructor() {
    super();
    this.exited = new Promise((resolve) => {
      this.#exit = resolve;
    });
  }

  requestSingleInstanceLock(): boolean {
    this.calls.push('lock');
    return !this.taken;
  }
  setPath(name: 'userData', path: string): void {
    this.calls.push(`${name} ${path}`);
  }
  whenReady(): Promise<void> {
    this.calls.push('ready');
    return Promise.resolve();
  }
  quit(): void {
    const stop = new Stop();
    this.emit('before-quit', stop);
    if (!stop.prevented) this.exit(0);
  }
  exit(code: number): void {
    this.calls.push(`exit ${code}`);
    this.#exit(code);
  }
}

export class FakeNotice extends EventEmitter implements ShownNotice {
  readonly notice: Notice;
  shown = false;
  constructor(notice: Notice) {
    super();
    this.notice = notice;
  }
  show(): void {
    this.shown = true;
  }
}

export class FakeTray extends EventEmitter implements TrayIcon {
  readonly menu: MenuItem[];
  text = '';
  destroyed = false;
  constructor(menu: MenuItem[]) {
    super();
    this.menu = menu;
  }
  setToolTip(text: string): void {
    this.text = text;
  }
  destroy(): void {
    this.destroyed = true;
  }
}

/** A plain child process that is to itself a utility process. */
export const forkUtility: ForkUtility = (file, args, { env, execArgv }) => {
  const shim = fileURLToPath(new URL('utility-shim.ts', import.meta.url));
  const child = fork(file, args, {
    env,
    execArgv: ['--import', shim, ...execArgv],
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const events = new EventEmitter();
  child.on('spawn', () => events.emit('spawn'));
  child.on('message', (message) => events.emit('message', message));
  // What waitpid says of a process that a signal ended, with the bit of a written core.
  child.on('exit', (code, signal) =>
    events.emit('exit', code ?? (signal === null ? 1 : 0x80 | constants.signals[signal])),
  );
  return {
    get pid() {
      return child.exitCode === null && child.signalCode === null ? child.pid : undefined;
    },
    stdout: child.stdout,
    stderr: child.stderr,
    postMessage: (message: object) => void child.send(message),
    kill: () => child.kill('SIGTERM'),
    on: events.on.bind(events),
  } as UtilityChild;
};

export class FakeElectron implements ElectronParts {
  readonly app = new FakeApp();
  readonly ipc = new FakeIpc();
  readonly dialog = new FakeDialog();
  readonly theSession = new FakeSession();
  readonly windows: FakeWindow[] = [];
  readonly channels: { main: MainPort; page: MessagePort }[] = [];
  readonly notices: FakeNotice[] = [];
  readonly trays: FakeTray[] = [];
  readonly schemes = new Map<string, (request: Request) => Promise<Response>>();
  readonly openedFolders: string[] = [];
  readonly forkUtility = forkUtility;
  menu: MenuItem[] = [];
  areas: Rectangle[] = [{ x: 0, y: 0, width: 1920, height: 1080 }];
  #shutdown: (event: Stop) => void = () => {};

  session(): FakeSession {
    return this.theSession;
  }
  handleScheme(scheme: string, handler: (request: Request) => Promise<Response>): void {
    this.schemes.set(scheme, handler);
  }
  createWindow(options: WindowOptions): FakeWindow {
    const window = new FakeWindow(options);
    this.app.emit('web-contents-created', {}, window.webContents);
    this.windows.push(window);
    return window;
  }
  createChannel(): Channel {
    const { port1, port2 } = new ThreadChannel();
    const main = new MainPort(port1);
    this.channels.push({ main, page: port2 });
    return { port1: main, port2: new MainPort(port2) };
  }
  createNotice(notice: Notice): ShownNotice {
    const made = new FakeNotice(notice);
    this.notices.push(made);
    return made;
  }
  createTray(menu: MenuItem[]): TrayIcon {
    const made = new FakeTray(menu);
    this.trays.push(made);
    return made;
  }
  setMenu(template: MenuItem[]): void {
    this.menu = template;
  }
  workAreas(): Rectangle[] {
    return this.areas;
  }
  openFolder(path: string): void {
    this.openedFolders.push(path);
  }
  onShutdown(listener: (event: Stop) => void): void {
    this.#shutdown = listener;
  }

  get window(): FakeWindow {
    const [window] = this.windows;
    if (window === undefined) throw new Error('there is no window');
    return window;
  }

  /** The system goes down; whether it waits. */
  systemEnds(): boolean {
    const stop = new Stop();
    this.#shutdown(stop);
    return stop.prevented;
  }

  /** The item of the menu with this label is chosen. */
  choose(label: string): void {
    const find = (items: readonly MenuItem[]): MenuItem | undefined => {
      for (const item of items) {
        const found = item.label === label && item.click ? item : find(item.submenu ?? []);
        if (found !== undefined) return found;
      }
      return undefined;
    };
    const item = find(this.menu);
    if (item === undefined) throw new Error(`the menu has no ${label}`);
    item.click?.();
  }
}
