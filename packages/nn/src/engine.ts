/** What this package takes from the layers below, by one name. */
export * from '@chiaro/autograd';
export { leavesOf, showShape } from '@chiaro/tensor/engine';
