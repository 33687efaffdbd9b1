// The parts of Electron that this shell uses, as interfaces: main.ts gives the real ones, tests look-alikes.

export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Preventable {
  preventDefault(): void;
}

/** An end of a message channel. Nothing is received before start(). */
export interface Port {
  on(event: 'message', listener: (event: { data: unknown }) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  postMessage(message: unknown): void;
  start(): void;
  close(): void;
}

export interface Channel {
  port1: Port;
  port2: Port;
}

export interface Frame {
  readonly url: string;
  /** Null: it is the page itself. */
  readonly parent: object | null;
  postMessage(channel: string, message: unknown, transfer?: Port[]): void;
}

/** Who sent a message. The frame is null where it is gone by now. */
export interface SenderEvent {
  readonly senderFrame: Frame | null;
}

export interface Ipc {
  on(channel: string, listener: (event: SenderEvent) => void): unknown;
  handle(channel: string, listener: (event: SenderEvent, request: unknown) => Promise<unknown>): void;
}

export interface Navigation extends Preventable {
  readonly url: string;
}

export interface Contents {
  setWindowOpenHandler(handler: (details: { url: string }) => { action: 'deny' }): void;
  on(event: 'will-navigate', listener: (event: Navigation) => void): unknown;
  on(event: 'will-frame-navigate', listener: (event: Navigation) => void): unknown;
  on(event: 'will-redirect', listener: (event: Navigation) => void): unknown;
  on(event: 'will-attach-webview', listener: (event: Preventable) => void): unknown;
  on(
    event: 'render-process-gone',
    listener: (event: object, details: { reason: string; exitCode: number }) => void,
  ): unknown;
  getURL(): string;
}

export interface Window {
  readonly webContents: Contents;
  loadURL(url: string): Promise<void>;
  show(): void;
  hide(): void;
  focus(): void;
  restore(): void;
  maximize(): void;
  isMinimized(): boolean;
  isMaximized(): boolean;
  isFocused(): boolean;
  isVisible(): boolean;
  /** As it is when neither maximised nor full screen. */
  getNormalBounds(): Rectangle;
  setProgressBar(progress: number, options?: { mode: 'normal' | 'paused' | 'indeterminate' }): void;
  on(event: 'close', listener: (event: Preventable) => void): unknown;
  on(event: 'resize', listener: () => void): unknown;
  on(event: 'move', listener: () => void): unknown;
  on(event: 'maximize', listener: () => void): unknown;
  on(event: 'unmaximize', listener: () => void): unknown;
  once(event: 'ready-to-show', listener: () => void): unknown;
}

export interface WindowOptions {
  title: string;
  x?: number;
  y?: number;
  width: number;
  height: number;
  minWidth: number;
  minHeight: number;
  show: false;
  backgroundColor: string;
  webPreferences: {
    preload: string;
    sandbox: true;
    contextIsolation: true;
    nodeIntegration: false;
    nodeIntegrationInWorker: false;
    nodeIntegrationInSubFrames: false;
    webSecurity: true;
    webviewTag: false;
    spellcheck: false;
    devTools: boolean;
  };
}

export interface DownloadItem {
  getURL(): string;
  getFilename(): string;
  setSaveDialogOptions(options: { title: string; defaultPath: string }): void;
}

export interface Session {
  setPermissionRequestHandler(
    handler: (
      contents: Contents,
      permission: string,
      callback: (granted: boolean) => void,
      details: { requestingUrl: string },
    ) => void,
  ): void;
  setPermissionCheckHandler(
    handler: (contents: Contents | null, permission: string, requestingOrigin: string) => boolean,
  ): void;
  setDevicePermissionHandler(handler: () => boolean): void;
  on(event: 'will-download', listener: (event: Preventable, item: DownloadItem) => void): unknown;
}

export interface MessageBox {
  type: 'question' | 'error' | 'info';
  title: string;
  message: string;
  detail: string;
  buttons: string[];
  defaultId: number;
  cancelId: number;
  noLink: boolean;
}

export interface OpenDialog {
  title: string;
  defaultPath?: string;
  properties: ('openFile' | 'openDirectory' | 'multiSelections' | 'createDirectory')[];
  filters: { name: string; extensions: string[] }[];
}

export interface Dialog {
  showMessageBox(window: Window, box: MessageBox): Promise<{ response: number }>;
  showOpenDialog(window: Window, options: OpenDialog): Promise<{ canceled: boolean; filePaths: string[] }>;
  showErrorBox(title: string, content: string): void;
}

export interface Notice {
  title: string;
  body: string;
  urgency: 'normal' | 'critical';
}

/** An icon beside the system's clock. */
export interface TrayIcon {
  setToolTip(text: string): void;
  on(event: 'click', listener: () => void): unknown;
  destroy(): void;
}

export interface ShownNotice {
  on(event: 'click', listener: () => void): unknown;
  show(): void;
}

export interface Application {
  /** Made from it: the program that users have; otherwise a checkout. */
  readonly isPackaged: boolean;
  requestSingleInstanceLock(): boolean;
  setPath(name: 'userData', path: string): void;
  whenReady(): Promise<void>;
  quit(): void;
  /** At once: nothing after it is asked or told. */
  exit(code: number): void;
  on(event: 'second-instance', listener: () => void): unknown;
  /** macOS: the dock's icon was clicked. */
  on(event: 'activate', listener: () => void): unknown;
  on(event: 'before-quit', listener: (event: Preventable) => void): unknown;
  on(event: 'web-contents-created', listener: (event: object, contents: Contents) => void): unknown;
}

/** A started utility process. */
export interface UtilityChild {
  /** Undefined before 'spawn' and after 'exit'. */
  readonly pid: number | undefined;
  readonly stdout: NodeJS.ReadableStream | null;
  readonly stderr: NodeJS.ReadableStream | null;
  postMessage(message: unknown): void;
  kill(): boolean;
  on(event: 'spawn', listener: () => void): unknown;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  /** `code`: of process.exit(), or what waitpid says of a process that was ended. */
  on(event: 'exit', listener: (code: number) => void): unknown;
  on(event: 'error', listener: (type: string, location: string, report: string) => void): unknown;
}

export interface UtilityOptions {
  env: NodeJS.ProcessEnv;
  stdio: 'pipe';
  serviceName: string;
  execArgv: string[];
}

export type ForkUtility = (file: string, args: string[], options: UtilityOptions) => UtilityChild;

export interface MenuItem {
  label?: string;
  role?: string;
  type?: 'separator';
  accelerator?: string;
  submenu?: MenuItem[];
  click?: () => void;
}

/** Everything together. What is only there once the application is ready comes as a function. */
export interface ElectronParts {
  app: Application;
  ipc: Ipc;
  dialog: Dialog;
  session(): Session;
  /** Answers every request to the scheme. */
  handleScheme(scheme: string, handler: (request: Request) => Promise<Response>): void;
  createWindow(options: WindowOptions): Window;
  createChannel(): Channel;
  createNotice(notice: Notice): ShownNotice | undefined;
  setMenu(template: MenuItem[]): void;
  createTray(menu: MenuItem[]): TrayIcon;
  /** Areas in which windows may lie, the main display's first. */
  workAreas(): Rectangle[];
  openFolder(path: string): void;
  /** The system goes down: where it waits for the application, `listener` may prevent that for a while. */
  onShutdown(listener: (event: Preventable) => void): void;
  forkUtility: ForkUtility;
}
