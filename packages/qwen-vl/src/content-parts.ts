/** How a picture or clip is scaled before the model sees it, in pixels of area or of side. */
export interface PixelLimits {
  readonly min_pixels?: number | undefined;
  readonly max_pixels?: number | undefined;
  readonly resized_height?: number | undefined;
  readonly resized_width?: number | undefined;
}

/** Plain text. */
export interface TextPart {
  readonly type: 'text';
  readonly text: string;
}

/** The part of the platform's URL that portable code relies on. */
export interface UrlLike {
  readonly href: string;
}

/** The part of the platform's Blob or File that portable code relies on. */
export interface BlobLike {
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** A file as a media source gets it: a path, a URL or a data URL, bytes, or a Blob. */
export type MediaFile = string | Uint8Array | BlobLike;

/** A file as a message may name it. */
export type MediaReference = MediaFile | ArrayBuffer | UrlLike;

/** A picture. */
export interface ImagePart<File = MediaReference> extends PixelLimits {
  readonly type: 'image';
  readonly image: File;
}

/** A clip: a video, or its frames in order. */
export interface VideoPart<File = MediaReference> extends PixelLimits {
  readonly type: 'video';
  readonly video: File | readonly File[];
  /** Frames per second to sample (default 2). */
  readonly fps?: number | undefined;
  /** Frames to sample; excludes `fps`. */
  readonly nframes?: number | undefined;
  readonly min_frames?: number | undefined;
  readonly max_frames?: number | undefined;
  /** Most pixels of all frames together. */
  readonly total_pixels?: number | undefined;
  /** Seconds into the file. */
  readonly video_start?: number | undefined;
  readonly video_end?: number | undefined;
  /** Rate that a list of frames was sampled at, in frames per second (default 2). */
  readonly sample_fps?: number | undefined;
}

/** OpenAI's form of a picture. */
export interface ImageUrlPart extends PixelLimits {
  readonly type: 'image_url';
  /** `detail` has no effect: `max_pixels` says how large a picture may be. */
  readonly image_url: string | { readonly url: string; readonly detail?: string };
}

/** The form of a clip in requests like OpenAI's. */
export interface VideoUrlPart extends Omit<VideoPart, 'type' | 'video'> {
  readonly type: 'video_url';
  readonly video_url: string | { readonly url: string };
}

/** One piece of a message. */
export type ContentPart = TextPart | ImagePart | VideoPart | ImageUrlPart | VideoUrlPart;
