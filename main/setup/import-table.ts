// Who may import whom. A zone is a folder, or one file of it that may do more; a file belongs to the longest zone
// that its path lies in. There are no exemptions: what is not written here is an error.

export interface Zone {
  /** Zones whose files it may import, besides its own. */
  zones: string[];
  /** npm packages. */
  packages: string[];
  /** Node's own modules; "http": those that open ports, too. */
  builtins: 'none' | 'most' | 'http';
}

const services = ['main/services', 'main/api'];

export const typeScriptZones: Record<string, Zone> = {
  renderer: {
    zones: ['main/api'],
    packages: [
      '@orpc/client',
      '@tanstack/vue-virtual',
      'chart.js',
      'pinia',
      'reka-ui',
      'vue',
      'vue-chartjs',
      'vue-router',
    ],
    builtins: 'none',
  },
  // The build's configuration runs in Node.
  'renderer/vite.config.ts': {
    zones: ['renderer'],
    packages: ['vite', '@vitejs/plugin-vue'],
    builtins: 'most',
  },
  // The screens in a real browser, against a real server that is started as people start it.
  'renderer/e2e': { zones: ['main/api'], packages: ['axe-core', 'playwright-core'], builtins: 'most' },
  'main/api': { zones: [], packages: ['zod'], builtins: 'none' },
  'main/data': { zones: ['main/api'], packages: ['better-sqlite3'], builtins: 'most' },
  'main/datasets': { zones: ['main/api', 'main/data', 'main/engine'], packages: [], builtins: 'most' },
  'main/engine': { zones: ['main/api'], packages: [], builtins: 'most' },
  // The child process: it alone joins the engine with the run's checkpoint file. Nobody imports it, it is started.
  'main/engine/host-entry.ts': {
    zones: ['main/engine', 'main/api', 'main/data'],
    packages: [],
    builtins: 'most',
  },
  'main/services': {
    zones: ['main/api', 'main/data', 'main/datasets', 'main/engine'],
    packages: [],
    builtins: 'most',
  },
  // The contract over any transport: the shells bring the port or the socket.
  'main/shells/rpc': { zones: services, packages: ['@orpc/server'], builtins: 'most' },
  // The page's files, images and headers, for whoever gives them out: the server over http, the window over app://.
  'main/shells/page': { zones: services, packages: [], builtins: 'most' },
  // The build's configuration of the preload script.
  'main/shells/electron/vite.config.ts': { zones: [], packages: ['vite'], builtins: 'most' },
  'main/shells/electron': {
    zones: [...services, 'main/shells/rpc', 'main/shells/page'],
    packages: ['electron', '@orpc/server'],
    builtins: 'most',
  },
  'main/shells/server': {
    zones: [...services, 'main/shells/rpc', 'main/shells/page'],
    packages: ['ws', '@orpc/server'],
    builtins: 'http',
  },
  'main/shells/cli': {
    zones: [...services, 'main/shells/cli/commands/serve.ts'],
    packages: [],
    builtins: 'most',
  },
  // The one command that starts another shell.
  'main/shells/cli/commands/serve.ts': {
    zones: [...services, 'main/shells/cli', 'main/shells/server'],
    packages: [],
    builtins: 'most',
  },
  // What is installed on users' machines.
  'main/packaging': {
    zones: ['main/setup'],
    packages: ['electron-builder', 'playwright-core'],
    builtins: 'most',
  },
  'main/setup': { zones: [], packages: ['typescript'], builtins: 'most' },
  'native/bench': { zones: [], packages: [], builtins: 'most' },
};

/** Tests and their helpers (x.test.ts, test-x.ts, what lies in a folder testing/): nothing else imports them ... */
export const testFiles = /\.test\.m?ts$|(^|\/)test-[^/]*$|\/testing\//;
/** ... and they import these besides what their folder may. */
export const testPackages = ['vitest', '@orpc/client', 'zod', 'onnxruntime-node'];

/** Node's modules that open ports. */
export const httpBuiltins = ['node:http', 'node:https', 'node:http2'];

/** Doors: what one file in the whole project may reach for, so that there is one place to guard it. */
export const doors = ['sqlite', 'addon', 'ports', 'ipcMain', 'ipcRenderer'] as const;
export type Door = (typeof doors)[number];

export const doorNames: Record<Door, string> = {
  sqlite: "better-sqlite3's constructor",
  addon: 'the .node file (require, createRequire, process.dlopen)',
  ports: 'ws and http',
  ipcMain: "electron's ipcMain",
  ipcRenderer: "electron's ipcRenderer",
};

/** Native folders: whose headers each may include besides its own and the standard library's. */
const publicHeaders = ['native/include', 'native/src'];
const belowTraining = ['native/src/spec', 'native/src/image', 'native/src/data', 'native/src/columns'];

export const nativeZones: Record<string, string[]> = {
  'native/include': [],
  'native/src': ['native/include'],
  'native/src/spec': publicHeaders,
  'native/src/reference': [...publicHeaders, 'native/src/spec'],
  'native/src/image': [...publicHeaders, 'native/src/spec'],
  'native/src/data': [...publicHeaders, 'native/src/spec', 'native/src/image'],
  'native/src/columns': [...publicHeaders, 'native/src/spec'],
  'native/src/cpu': [...publicHeaders, ...belowTraining],
  'native/src/cuda': [...publicHeaders, ...belowTraining],
  // The CUDA plug-in's loader, not CUDA itself: see libraryHeaders.
  'native/src/train': [...publicHeaders, ...belowTraining, 'native/src/cpu', 'native/src/cuda'],
  'native/src/retrieval': [...publicHeaders, ...belowTraining, 'native/src/cpu'],
  'native/addon': ['native/include'],
  'native/bench': [
    ...publicHeaders,
    ...belowTraining,
    'native/src/cpu',
    'native/src/cuda',
    'native/src/train',
    'native/src/retrieval',
  ],
};

/** Headers of libraries that one folder of native/src (and its tests) sees. */
export const libraryHeaders: { name: string; headers: RegExp; folders: string[] }[] = [
  {
    name: 'Node-API',
    headers: /^(napi(-inl)?|node_api|js_native_api|node|uv|v8)\b.*\.h$/,
    folders: ['addon'],
  },
  {
    name: 'CUDA',
    headers:
      /^((cuda|cublas|cudnn|curand|nccl|nvml|nvrtc|cufft|cusolver|cusparse|cooperative_groups)\w*\.h(pp)?$|mma\.h$|driver_types\.h$|vector_types\.h$|(cub|thrust|cuda|cooperative_groups|nvtx3)\/)/,
    folders: ['cuda', 'bench'],
  },
  // The benchmarks time the own kernels, on the CPU beside oneDNN's.
  { name: 'oneDNN', headers: /^(dnnl\w*\.h(pp)?$|oneapi\/dnnl\/)/, folders: ['cpu', 'bench'] },
  {
    name: 'an image library',
    headers: /^((jpeglib|jerror|jmorecfg|jconfig|turbojpeg|png|pngconf)\.h$|(webp|libheif|libpng\d*)\/)/,
    folders: ['image'],
  },
];
