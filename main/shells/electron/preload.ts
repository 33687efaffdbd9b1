// The preload script, built into one CommonJS file: the one place that reaches for ipcRenderer.
import { contextBridge, ipcRenderer, webUtils } from 'electron';
import { installBridge, type PageWindow } from './bridge.ts';

/** Its global object is a window of the browser, which Node's types do not know. */
const page: unknown = globalThis;

installBridge({
  page: page as PageWindow,
  ipc: ipcRenderer,
  expose: (name, offered) => contextBridge.exposeInMainWorld(name, offered),
  pathOf(file) {
    try {
      return webUtils.getPathForFile(file as Parameters<typeof webUtils.getPathForFile>[0]);
    } catch {
      return ''; // no File at all
    }
  },
});
