import { describe, expect, it } from 'vitest';
import { refusal } from '../test-errors.ts';
import { MemoryBytes } from './byte-source.ts';
import { readPickle } from './pickle-reader.ts';
import { PickleDict, PickleTensor, PickleTuple } from './pickle-values.ts';

const read = (program: string) => readPickle(new MemoryBytes(Buffer.from(program, 'latin1')), 0).value;
const refused = (program: string) => refusal(() => read(program)).message;

describe('readPickle', () => {
  it('makes plain values', () => {
    expect(read('\x80\x02K\x05.')).toBe(5);
    expect(read('\x80\x02J\xff\xff\xff\xff.')).toBe(-1);
    expect(read('\x80\x02\x8a\x02\x00\xff.')).toBe(-256);
    expect(read('\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.')).toBe(119547037146038801333356n);
    expect(read('\x80\x02G\x3f\xe0\x00\x00\x00\x00\x00\x00.')).toBe(0.5);
    expect(read('\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00\x8c\x03abc\x94.')).toBe('abc');
    expect(read('\x80\x02](K\x01K\x02e.')).toEqual([1, 2]);
    expect(read('\x80\x02N\x88\x87.'.replace('N\x88', 'N\x88\x89'))).toEqual(
      new PickleTuple([null, true, false]),
    );
    const dict = read('\x80\x02}q\x00X\x01\x00\x00\x00aK\x07s.');
    expect(dict).toBeInstanceOf(PickleDict);
    expect([...(dict as PickleDict).entries]).toEqual([['a', 7]]);
  });

  it('makes a tensor of a storage that it refers to', () => {
    const storage =
      '(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x06tQ';
    const tensor = read(
      `\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(${storage}K\x01(K\x02K\x02t(K\x02K\x01t\x89N}tR.`,
    );
    expect(tensor).toBeInstanceOf(PickleTensor);
    expect(tensor).toMatchObject({
      offset: 1,
      shape: [2, 2],
      strides: [2, 1],
      storage: { type: 'F32', values: 6 },
    });
  });

  it('refuses every name that is not on its list, before anything is called', () => {
    expect(refused('cos\nsystem\n(X\x02\x00\x00\x00idtR.')).toContain('"os.system"');
    expect(refused('cbuiltins\neval\n(X\x01\x00\x00\x001tR.')).toContain('nothing of it was run');
    expect(refused('c__builtin__\nexec\n.')).toContain('"__builtin__.exec"');
    expect(refused('\x80\x04\x8c\x05posix\x8c\x06system\x93.')).toContain('"posix.system"');
    expect(refused('ctorch._utils\n_rebuild_tensor_v3\n.')).toContain('Save model.state_dict() alone');
    expect(refused('ctorch.storage\n_load_from_bytes\n.')).toContain('_load_from_bytes');
    expect(refused('cargparse\nNamespace\n)\x81.')).toContain('argparse.Namespace');
  });

  it('refuses operations that make or change objects', () => {
    expect(refused('ccollections\nOrderedDict\n)\x81.')).toContain('operation 0x81'); // NEWOBJ
    expect(refused('(ios\nsystem\n.')).toContain('operation 0x69'); // INST
    expect(refused('(ccollections\nOrderedDict\no.')).toContain('operation 0x6f'); // OBJ
    expect(refused('\x82\x01.')).toContain('operation 0x82'); // EXT1
    expect(refused('P0\n.')).toContain('operation 0x50'); // PERSID
    expect(refused(']}b.')).toContain('state of an object'); // BUILD
    expect(refused('K\x01)R.')).toContain('cannot be called');
    expect(refused('ctorch\nFloatStorage\n)R.')).toContain('cannot be called');
  });

  it('refuses what is damaged or has no end', () => {
    expect(refused('')).toContain('ends too early');
    expect(refused('X\xff\xff\xff\xffa.')).toContain('text of 4294967295 bytes');
    expect(refused('\x8d\xff\xff\xff\xff\xff\xff\xff\xffa.')).toMatch(/text of|no file has/);
    expect(refused('.')).toContain('stack is empty');
    expect(refused('u.')).toContain('mark is missing');
    expect(refused('](')).toContain('ends too early');
    expect(refused('e.')).toContain('mark is missing');
    expect(refused('h\x09.')).toContain('never kept');
    expect(refused('\x80\x09.')).toContain('protocol');
    expect(refused('}X\x01\x00\x00\x00aK\x01sX\x01\x00\x00\x00aK\x02s.')).toContain('"a" twice');
    expect(refused('N'.repeat(1_000_002))).toContain('stacks too much');
    expect(refused(`c${'a'.repeat(500)}\nb\n.`)).toContain('too long');
  });

  it('takes a list that holds itself without going round in it', () => {
    const list = read(']q\x00h\x00a.');
    expect(Array.isArray(list) && list[0] === list).toBe(true);
  });
});
