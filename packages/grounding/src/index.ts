export * from './coco.js';
export * from './draw-svg.js';
export * from './ground-answer.js';
export type * from './items.js';
export { type MapOptions, mapBoxToOriginal, mapToOriginal, type PictureSizes, toResized } from './map-coordinates.js';
export {
  type CoordinateSpace,
  coordinateSpace,
  type GroundingFamily,
  isGroundingFamily,
  parseGrounding,
} from './parse-grounding.js';
export * from './parse-times.js';
