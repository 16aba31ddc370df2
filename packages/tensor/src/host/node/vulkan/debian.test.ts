import { expect, test } from 'vitest';
import { libraryPackages } from './debian.js';

test('of a dependency tree, libraries are taken, except those that Node itself runs on', () => {
  const printed = `mesa-vulkan-drivers
  Depends: libvulkan1
 |Depends: python3:any
  Depends: <python3-minimal:any>
  Depends: libc6
  Depends: libllvm15
libllvm15
  PreDepends: libz3-4
  Depends: zlib1g
  Depends: libstdc++6
  Depends: libgcc-s1
libgcc-s1
  Depends: gcc-12-base
`;
  const wanted = ['mesa-vulkan-drivers', 'libvulkan1'];
  expect(libraryPackages(printed, wanted)).toEqual([...wanted, 'libllvm15', 'libz3-4', 'zlib1g']);
});
