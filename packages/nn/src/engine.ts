/** What this package takes from the layers below, by one name. */
export * from '@chiaro/autograd';
export { adaptiveParts, leavesOf, mapTree, paddingOf, sameShape, showShape, structure } from '@chiaro/tensor/engine';
