/** A position [x, y], x to the right and y down from the top left corner. */
export type Point = readonly [x: number, y: number];

/** A rectangle by its top left and bottom right corners. */
export type Box = readonly [x1: number, y1: number, x2: number, y2: number];

/** A rectangle around one object. */
export interface BoxShape {
  readonly kind: 'box';
  readonly box: Box;
  /** The four corners, where the model gave a quadrilateral; `box` is the rectangle around it. */
  readonly corners?: readonly Point[];
}

/** A single spot. */
export interface PointShape {
  readonly kind: 'point';
  readonly point: Point;
}

/** An item of an answer, in the model's own coordinates. */
export type ParsedItem = (BoxShape | PointShape) & {
  /** What the model says is there; empty when it says nothing. */
  readonly label: string;
  /** Where in the answer the item begins, in UTF-16 units. */
  readonly offset: number;
  /** Number of the picture, from 1, where the item is JSON under a key that names one ("image_2"). */
  readonly picture?: number;
};

interface Grounded {
  /** What the model says is there; empty when it says nothing. */
  readonly label: string;
  /** Index of the picture, from 0, in prompt order. */
  readonly image: number;
}

/** A box on the user's picture. */
export interface GroundedBox extends BoxShape, Grounded {
  /** In pixels of the original picture, clipped to it, x1 <= x2 and y1 <= y2. */
  readonly box: Box;
  /** The same in pixels of the resized picture that the model saw, not clipped. */
  readonly resized: Box;
}

/** A point on the user's picture. */
export interface GroundedPoint extends PointShape, Grounded {
  /** In pixels of the original picture, clipped to it. */
  readonly point: Point;
  /** The same in pixels of the resized picture that the model saw, not clipped. */
  readonly resized: Point;
}

/** An item of an answer, on the user's own picture. */
export type GroundedItem = GroundedBox | GroundedPoint;

/** The rectangle around points. */
export function boundingBox(points: readonly Point[]): Box {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}
