// The design's colours as charts need them: canvases do not read style sheets.
import { computed } from 'vue';
import { useTheme } from '../stores/theme.ts';

export interface ChartColours {
  text: string;
  grid: string;
  surface: string;
  accent: string;
  good: string;
  warn: string;
  danger: string;
  series: string[];
}

/** Read again with every change of the theme. */
export function useChartColours() {
  const theme = useTheme();
  return computed<ChartColours>(() => {
    // The attribute that switches the tokens is set in the same turn.
    document.documentElement.dataset.theme = theme.shown;
    const style = getComputedStyle(document.documentElement);
    const token = (name: string) => style.getPropertyValue(name).trim();
    return {
      text: token('--text-2'),
      grid: token('--grid-line'),
      surface: token('--surface-1'),
      accent: token('--accent'),
      good: token('--good'),
      warn: token('--warn'),
      danger: token('--danger'),
      series: Array.from({ length: 8 }, (_, i) => token(`--series-${i + 1}`)),
    };
  });
}
