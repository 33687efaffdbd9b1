// The page: joins the client, the stores, the router and the frame.
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import App from './app.vue';
import { Changes, changesKey } from './client/changes.ts';
import { chooseTransport, connect, studioKey } from './client/client.ts';
import './design/tokens.css';
import './design/base.css';
import { makeRouter } from './router.ts';

const app = createApp(App);
app.provide(studioKey, connect(chooseTransport(window)));
app.provide(changesKey, new Changes());
app.use(createPinia());
app.use(makeRouter());
app.mount('#app');
