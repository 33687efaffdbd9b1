// Dark or light: chosen by the user or by the system. Remembered in the browser, too, so that the first frame is right.
import { defineStore } from 'pinia';
import { computed, ref, watch } from 'vue';

export type ThemeChoice = 'system' | 'light' | 'dark';

const place = 'alexnet-studio.theme';
const darkWanted = '(prefers-color-scheme: dark)';

/** Whether it was chosen in this browser. */
const wasChosen = (): boolean => localStorage.getItem(place) !== null;

function remembered(): ThemeChoice {
  const value = localStorage.getItem(place);
  return value === 'light' || value === 'dark' ? value : 'system';
}

export const useTheme = defineStore('theme', () => {
  const choice = ref<ThemeChoice>(remembered());
  const media = window.matchMedia(darkWanted);
  const systemDark = ref(media.matches);
  media.addEventListener('change', () => {
    systemDark.value = media.matches;
  });
  const shown = computed(() =>
    choice.value === 'system' ? (systemDark.value ? 'dark' : 'light') : choice.value,
  );
  watch(
    shown,
    (theme) => {
      document.documentElement.dataset.theme = theme;
    },
    { immediate: true },
  );
  function choose(theme: ThemeChoice): void {
    choice.value = theme;
    localStorage.setItem(place, theme);
  }
  return { choice, shown, choose, remembered: wasChosen };
});
