export * from './merger-graph.js';
export * from './projector.js';
