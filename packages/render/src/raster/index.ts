export * from './vertex/index.js';
