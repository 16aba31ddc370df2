/** What this package takes from the layers below, by one name. */
export * from '@chiaro/autograd';
export { leavesOf } from '@chiaro/tensor/engine';
