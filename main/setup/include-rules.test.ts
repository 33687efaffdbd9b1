import { describe, expect, it } from 'vitest';
import { findCycles } from './import-cycles.ts';
import { checkIncludes } from './include-rules.ts';

/** Headers that exist in every case below. */
const headers = [
  'native/include/alexnet/device.h',
  'native/src/isa.h',
  'native/src/spec/plan.h',
  'native/src/reference/net.h',
  'native/src/columns/team.h',
  'native/src/cpu/buffer.h',
  'native/src/train/step.h',
  'native/tests/tolerance.h',
].map((path) => ({ path, text: '' }));

function messages(path: string, ...lines: string[]): string[] {
  const { violations } = checkIncludes([...headers, { path, text: lines.join('\n') }]);
  return violations.map(({ line, message }) => `${line}: ${message}`);
}

describe('include rules', () => {
  it.each([
    ['native/src/train/a.cc', '#include <napi.h>', "only addon may include Node-API's headers (<napi.h>)"],
    ['native/include/alexnet/a.h', '#include "node_api.h"', "only addon may include Node-API's headers"],
    ['native/src/cpu/a.cc', '#include <cuda_runtime.h>', "only cuda and bench may include CUDA's headers"],
    ['native/src/train/a.cc', '# include <cub/cub.cuh>', "only cuda and bench may include CUDA's headers"],
    ['native/addon/a.cc', '#include <cublas_v2.h>', "only cuda and bench may include CUDA's headers"],
    ['native/src/columns/a.cc', '#include <dnnl.hpp>', "only cpu and bench may include oneDNN's headers"],
    [
      'native/tests/train/a_test.cc',
      '#include <oneapi/dnnl/dnnl.hpp>',
      "only cpu and bench may include oneDNN's headers",
    ],
    ['native/src/data/a.cc', '#include <jpeglib.h>', "only image may include an image library's headers"],
    ['native/src/cpu/a.cc', '#include <png.h>', 'only image may include'],
    ['native/addon/a.cc', '#include <webp/decode.h>', 'only image may include'],
    [
      'native/src/columns/a.cc',
      '#include "cpu/buffer.h"',
      'native/src/columns may not include native/src/cpu/buffer.h',
    ],
    ['native/src/spec/a.cc', '#include "columns/team.h"', 'native/src/spec may not include'],
    ['native/include/alexnet/a.h', '#include "spec/plan.h"', 'native/include may not include'],
    ['native/addon/a.cc', '#include "train/step.h"', 'native/addon may not include native/src/train/step.h'],
    ['native/src/cpu/a.cc', '#include "../train/step.h"', 'native/src/cpu may not include'],
    ['native/src/train/a.cc', '#include "reference/net.h"', 'native/src/train may not include'],
    [
      'native/src/cpu/a.cc',
      '#include "tolerance.h"',
      'native/src/cpu may not include native/tests/tolerance.h',
    ],
  ])('refuse in %s: %s', (path, text, message) => {
    const found = messages(path, '// A comment first.', text);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`2: ${message}`);
  });

  it('let through what the table allows', () => {
    expect(messages('native/addon/a.cc', '#include <napi.h>', '#include "alexnet/device.h"')).toEqual([]);
    expect(
      messages('native/src/cpu/a.cc', '#include <dnnl.hpp>', '#include "isa.h"', '#include "columns/team.h"'),
    ).toEqual([]);
    expect(messages('native/src/cuda/a.cu', '#include <cuda_runtime.h>', '#include <cub/cub.cuh>')).toEqual(
      [],
    );
    expect(messages('native/src/image/a.cc', '#include <jpeglib.h>', '#include <vector>')).toEqual([]);
    expect(
      messages(
        'native/tests/cpu/a_test.cc',
        '#include <dnnl.hpp>',
        '#include "cpu/buffer.h"',
        '#include "tolerance.h"',
      ),
    ).toEqual([]);
    expect(messages('native/tests/cpu/b_test.cc', '#include "reference/net.h"')).toEqual([]);
  });

  it('refuse a folder that is in no zone', () => {
    expect(messages('native/misc/a.cc').join()).toContain('no source belongs here');
  });

  it('find cycles of headers', () => {
    const { edges } = checkIncludes([
      { path: 'native/src/cpu/a.h', text: '#include "cpu/b.h"' },
      { path: 'native/src/cpu/b.h', text: '#include "a.h"' },
    ]);
    expect(findCycles(edges).map(({ message }) => message)).toEqual([
      'imports form a cycle: native/src/cpu/a.h -> native/src/cpu/b.h -> native/src/cpu/a.h',
    ]);
  });
});
