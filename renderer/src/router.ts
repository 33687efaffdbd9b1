// Addresses of the screens. After the hash, so that they work under any scheme without a server's help. All screens
// come with the page: one that had to be fetched could not be opened while the studio is away.
import { createRouter, createWebHashHistory, type Router } from 'vue-router';
import AugmentationScreen from './screens/augmentation/augmentation-screen.vue';
import ClassifyScreen from './screens/classify/classify-screen.vue';
import FolderScreen from './screens/classify/folder-screen.vue';
import DatasetScreen from './screens/dataset/dataset-screen.vue';
import DatasetsScreen from './screens/datasets/datasets-screen.vue';
import EvaluationScreen from './screens/evaluation/evaluation-screen.vue';
import CompareEvaluationsScreen from './screens/evaluations/compare-evaluations-screen.vue';
import EvaluationsScreen from './screens/evaluations/evaluations-screen.vue';
import HomeScreen from './screens/home/home-screen.vue';
import InsideScreen from './screens/inside/inside-screen.vue';
import LedgerScreen from './screens/ledger/ledger-screen.vue';
import ModelsScreen from './screens/models/models-screen.vue';
import NewRunScreen from './screens/new-run/new-run-screen.vue';
import NotFoundScreen from './screens/not-found/not-found-screen.vue';
import RunScreen from './screens/run/run-screen.vue';
import CompareScreen from './screens/runs/compare-screen.vue';
import RunsScreen from './screens/runs/runs-screen.vue';
import SettingsScreen from './screens/settings/settings-screen.vue';

export function makeRouter(): Router {
  return createRouter({
    history: createWebHashHistory(),
    routes: [
      { path: '/', component: HomeScreen },
      { path: '/runs', component: RunsScreen },
      { path: '/runs/compare', component: CompareScreen },
      { path: '/runs/:id', component: RunScreen, props: true },
      { path: '/new-run', component: NewRunScreen },
      { path: '/datasets', component: DatasetsScreen },
      { path: '/datasets/:id', component: DatasetScreen, props: true },
      { path: '/augmentation', component: AugmentationScreen },
      { path: '/evaluations', component: EvaluationsScreen },
      { path: '/evaluations/compare', component: CompareEvaluationsScreen },
      { path: '/evaluations/:id', component: EvaluationScreen, props: true },
      { path: '/ledger', component: LedgerScreen },
      { path: '/classify', component: ClassifyScreen },
      { path: '/classify/folder/:id', component: FolderScreen, props: true },
      { path: '/inside', component: InsideScreen },
      { path: '/models', component: ModelsScreen },
      { path: '/settings', component: SettingsScreen },
      { path: '/:rest(.*)*', component: NotFoundScreen },
    ],
  });
}
