// Questions before what cannot be undone: asked from anywhere, answered in one dialog.
import { defineStore } from 'pinia';
import { ref } from 'vue';

export interface Question {
  title: string;
  text: string;
  /** Lines that say what it will do. */
  facts?: readonly string[];
  confirm: string;
  danger?: boolean;
}

export const useConfirm = defineStore('confirm', () => {
  const question = ref<Question>();
  let settle: (answer: boolean) => void = () => {};

  function ask(asked: Question): Promise<boolean> {
    settle(false);
    question.value = asked;
    return new Promise((resolve) => {
      settle = resolve;
    });
  }

  function answer(yes: boolean): void {
    question.value = undefined;
    settle(yes);
  }

  return { question, ask, answer };
});
