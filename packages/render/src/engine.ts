/** What this package takes from the layers below, by one name. */
export * from '@chiaro/autograd';
export { compileToJS, link, parse } from '@chiaro/tensor/expr';
