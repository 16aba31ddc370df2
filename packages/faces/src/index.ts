/**
 * @chiaro/faces: morphable models, landmarks, fitting of faces to photographs, export.
 * @packageDocumentation
 */
export {};
