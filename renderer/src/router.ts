// Addresses of the screens. After the hash, so that they work under any scheme without a server's help.
import { createRouter, createWebHashHistory, type Router } from 'vue-router';

export function makeRouter(): Router {
  return createRouter({
    history: createWebHashHistory(),
    routes: [
      { path: '/', component: () => import('./screens/home/home-screen.vue') },
      { path: '/runs', component: () => import('./screens/runs/runs-screen.vue') },
      { path: '/runs/compare', component: () => import('./screens/runs/compare-screen.vue') },
      { path: '/runs/:id', component: () => import('./screens/run/run-screen.vue'), props: true },
      { path: '/new-run', component: () => import('./screens/new-run/new-run-screen.vue') },
      { path: '/datasets', component: () => import('./screens/datasets/datasets-screen.vue') },
      { path: '/datasets/:id', component: () => import('./screens/dataset/dataset-screen.vue'), props: true },
      { path: '/augmentation', component: () => import('./screens/augmentation/augmentation-screen.vue') },
      { path: '/evaluations', component: () => import('./screens/evaluations/evaluations-screen.vue') },
      {
        path: '/evaluations/:id',
        component: () => import('./screens/evaluation/evaluation-screen.vue'),
        props: true,
      },
      { path: '/classify', component: () => import('./screens/classify/classify-screen.vue') },
      {
        path: '/classify/folder/:jobId',
        component: () => import('./screens/classify/folder-screen.vue'),
        props: true,
      },
      { path: '/models', component: () => import('./screens/models/models-screen.vue') },
      { path: '/settings', component: () => import('./screens/settings/settings-screen.vue') },
      { path: '/:rest(.*)*', component: () => import('./screens/not-found/not-found-screen.vue') },
    ],
  });
}
