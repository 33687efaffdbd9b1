// What models are called that answers only name by their reference.
import { useClient } from '../../client/client.ts';
import { useLoad } from '../../client/use-load.ts';

/** From a reference, 'qk5xjg6jsj@best', to what people call it; the reference itself where the model is gone. */
export function useModelTitles(): (reference: string) => string {
  const client = useClient();
  const { data } = useLoad((signal) => client.models.choices({ search: '' }, { signal }), {
    topics: ['runs', 'models'],
  });
  return (reference) => {
    const [id, checkpoint] = reference.split('@');
    const title = data.value?.find((one) => one.reference === reference || one.id === id)?.title;
    if (title === undefined) return reference;
    return checkpoint === undefined ? title : `${title}, ${checkpoint}`;
  };
}
