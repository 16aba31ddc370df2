import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  canHideFiles,
  installProgram,
  preparedFolders,
  runProgram,
  vulkanFiles,
  type Circumstances,
} from './freshMachine.js';

const sumOfRoots = Array.from({ length: 64 }, (_, i) => Math.sqrt(i)).reduce((a, b) => a + b);
// Where no process may have its own view of the file system, the override stands in for the missing driver.
const noDriver: Circumstances = { hidden: vulkanFiles, env: canHideFiles ? {} : { CHIARO_GPU: 'lavapipe' } };

describe.skipIf(process.platform !== 'linux')('a machine without Vulkan, an ordinary user', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await installProgram();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('two processes prepare lavapipe at once, and one does the work', async () => {
    const results = await Promise.all([runProgram(folder, noDriver), runProgram(folder, noDriver)]);
    for (const result of results) {
      expect(result.error).toBeUndefined();
      expect(result.source).toBe('lavapipe');
      expect(result.sum).toBeCloseTo(sumOfRoots, 3);
      expect(result.exitDelay).toBeLessThan(1000);
      expect(result.mapped!.filter((path) => !path.startsWith(folder))).toEqual([]);
    }
    if (canHideFiles) expect(results[0]!.reason).toMatch(/^no Vulkan loader/);
    expect(results.filter(({ progress }) => progress.length > 0)).toHaveLength(1);
    expect(await preparedFolders(folder)).toEqual([expect.stringMatching(/^lavapipe-/)]);

    const again = await runProgram(folder, noDriver);
    expect(again.progress).toEqual([]);
    console.log(`cold process on prepared lavapipe: ${again.milliseconds!.result} ms to the first result`);
  });

  test.skipIf(!canHideFiles)('where the system has no packages either, SwiftShader from npm is used', async () => {
    await rm(`${folder}/home/.cache`, { recursive: true });
    const result = await runProgram(folder, { hidden: [...vulkanFiles, '/usr/bin/apt-get'] });
    expect(result.error).toBeUndefined();
    expect(result.source).toBe('swiftshader');
    expect(result.sum).toBeCloseTo(sumOfRoots, 3);
    expect(await preparedFolders(folder)).toEqual([expect.stringMatching(/^swiftshader-/)]);
  });

  test('an installed GPU is not needed where SwiftShader is asked for', async () => {
    const result = await runProgram(folder, { env: { CHIARO_GPU: 'swiftshader' } });
    expect(result.error).toBeUndefined();
    expect(result.source).toBe('swiftshader');
    expect(result.mapped!.filter((path) => !path.startsWith(folder))).toEqual([]);
  });

  test('a value of CHIARO_GPU that means nothing is refused', async () => {
    const result = await runProgram(folder, { env: { CHIARO_GPU: 'voodoo2' } });
    expect(result.error).toMatch(/^DeviceError: CHIARO_GPU is "voodoo2"; it may be hardware, lavapipe, swiftshader/);
  });
});

describe.skipIf(!canHideFiles)('a machine where nothing can be had', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await installProgram(['@sparticuz/chromium']);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('the error says what was tried and what to install', async () => {
    const result = await runProgram(folder, { hidden: [...vulkanFiles, '/usr/bin/apt-get'] });
    expect(result.error).toMatch(/^DeviceError: no GPU found/);
    expect(result.error).toContain('system: no Vulkan loader');
    expect(result.error).toContain('lavapipe:');
    expect(result.error).toContain('npm install @sparticuz/chromium');
    expect(await preparedFolders(folder)).toEqual([]);
  });
});
