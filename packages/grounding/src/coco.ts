import { type PixelSize, PromptError } from '@vlmkit/core';
import type { GroundedItem, Point } from './items.js';

/*
 * COCO's format for detections and keypoints (Lin et al., "Microsoft COCO", 2014; field names of its published annotation files).
 * Ids count from 1. A box is [x, y, width, height] in pixels.
 */

/** Arguments of {@link toCoco}. */
export interface CocoInput {
  /** The pictures that items refer to by index. */
  readonly images: readonly CocoPicture[];
  readonly items: readonly GroundedItem[];
}

/** One picture of an export. */
export interface CocoPicture {
  readonly fileName: string;
  readonly size: PixelSize;
}

/** A COCO annotation file. */
export interface CocoDataset {
  readonly images: readonly CocoImage[];
  readonly annotations: readonly CocoAnnotation[];
  readonly categories: readonly CocoCategory[];
}

/** One picture. */
export interface CocoImage {
  readonly id: number;
  readonly file_name: string;
  readonly width: number;
  readonly height: number;
}

/** One box, or one point as a visible keypoint in a box without area. */
export interface CocoAnnotation {
  readonly id: number;
  readonly image_id: number;
  readonly category_id: number;
  readonly bbox: readonly [x: number, y: number, width: number, height: number];
  readonly area: number;
  readonly iscrowd: 0;
  /** Of a quadrilateral: its corners as one polygon. */
  readonly segmentation?: readonly (readonly number[])[];
  readonly keypoints?: readonly [x: number, y: number, visibility: 2];
  readonly num_keypoints?: 1;
}

/** One label. */
export interface CocoCategory {
  readonly id: number;
  readonly name: string;
  readonly keypoints?: readonly ['point'];
}

/**
 * Items as a COCO dataset, coordinates rounded to hundredths of a pixel. Categories are the labels, in order of appearance; items
 * without a label are called `object`.
 *
 * @throws PromptError when an item refers to a picture that is not listed.
 */
export function toCoco({ images, items }: CocoInput): CocoDataset {
  const names = [...new Set(items.map(nameOf))];
  return {
    images: images.map(({ fileName, size }, index) => ({ id: index + 1, file_name: fileName, ...size })),
    annotations: items.map((item, index) => {
      if (images[item.image] === undefined) {
        throw new PromptError(`Item ${index + 1} refers to a picture that is not listed.`, {
          expected: `an index below ${images.length}`,
          actual: `${item.image}`,
        });
      }
      return {
        id: index + 1,
        image_id: item.image + 1,
        category_id: names.indexOf(nameOf(item)) + 1,
        ...placeOf(item),
      };
    }),
    categories: names.map((name, index) => ({
      id: index + 1,
      name,
      ...(items.some((item) => item.kind === 'point' && nameOf(item) === name) && { keypoints: ['point'] as const }),
    })),
  };
}

function nameOf({ label }: GroundedItem): string {
  return label || 'object';
}

function placeOf(item: GroundedItem): Pick<CocoAnnotation, 'bbox' | 'area' | 'iscrowd'> {
  if (item.kind === 'point') {
    const [x, y] = item.point.map(rounded) as unknown as Point;
    const keypoint = { keypoints: [x, y, 2], num_keypoints: 1 } as const;
    return { bbox: [x, y, 0, 0], area: 0, iscrowd: 0, ...keypoint };
  }
  const [x1, y1, x2, y2] = item.box;
  const [width, height] = [rounded(x2 - x1), rounded(y2 - y1)];
  return {
    bbox: [rounded(x1), rounded(y1), width, height],
    area: rounded(width * height),
    iscrowd: 0,
    ...(item.corners && { segmentation: [item.corners.flat().map(rounded)] }),
  };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
