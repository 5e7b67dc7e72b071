import { readFileSync } from 'node:fs';

/** Noise in YUV 4:2:0 and the RGB that FFmpeg makes of it, both in base64. */
export interface YuvCase {
  readonly width: number;
  readonly height: number;
  /** As FFmpeg numbers matrices. */
  readonly matrix: number;
  readonly fullRange: boolean;
  readonly yuv: string;
  readonly rgb: string;
}

/** The cases of fixtures/video/yuv.json. */
export function yuvCases(): readonly YuvCase[] {
  return JSON.parse(readFileSync(new URL('../../../fixtures/video/yuv.json', import.meta.url), 'utf8'));
}
