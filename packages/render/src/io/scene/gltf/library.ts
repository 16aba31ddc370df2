/** The library that reads and writes glTF, loaded when the first file asks for it: a page that has none does without. */
export const gltfLibrary = async () => ({
  ...(await import('@gltf-transform/core')),
  ...(await import('@gltf-transform/extensions')),
});

/** What the library exports. */
export type GLTFLibrary = Awaited<ReturnType<typeof gltfLibrary>>;
