// What we use of three.js, which brings no types.
declare module 'three/examples/jsm/loaders/EXRLoader.js' {
  export class EXRLoader {
    setDataType(type: number): this;
    parse(buffer: ArrayBuffer): { readonly width: number; readonly height: number; readonly data: Float32Array };
  }
}
