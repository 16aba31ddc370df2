/** The engine below this package, by one name: when `@chiaro/autograd` exists, this line alone changes. */
export * from '@chiaro/tensor';
