import type { S3ErrorCode } from '../s3/s3-error.ts'

/** A digest of the content as S3 spells it: the algorithm in lower case, the value in base 64. */
export interface Checksum {
  readonly algorithm: string
  readonly value: string
  /** `COMPOSITE`: a checksum of the parts' checksums, with `-<parts>` behind it. */
  readonly type: 'FULL_OBJECT' | 'COMPOSITE'
}

/** Where bytes are: in the row, or in a file of the blobs folder. */
export type Content = { readonly body: Uint8Array } | { readonly blob: string }

/** The headers that are kept with an object and given back with it: content type and kin, `x-amz-meta-*`. */
export type KeptHeaders = Readonly<Record<string, string>>

/** If-Match and If-None-Match of a write. ETags here and everywhere in the store are without their quotes. */
export interface WriteCondition {
  readonly ifMatch?: string
  /** Only `*` exists for writes. */
  readonly ifNoneMatch?: '*'
}

export interface NewPiece {
  readonly number: number
  readonly etag: string
  readonly size: number
  readonly checksum: Checksum | undefined
  readonly content: Content
}

/** What the writer does. One operation is atomic; several may share a commit. */
export type WriteOperation =
  | { readonly kind: 'create-bucket'; readonly bucket: string; readonly nowMs: number }
  | { readonly kind: 'delete-bucket'; readonly bucket: string }
  | {
      readonly kind: 'put-object'
      readonly bucket: string
      readonly key: string
      readonly etag: string
      readonly size: number
      readonly nowMs: number
      readonly headers: KeptHeaders
      readonly checksum: Checksum | undefined
      /** The bytes when they fit in the row, else pieces under an owner that is new. */
      readonly content:
        | { readonly body: Uint8Array }
        | { readonly owner: string; readonly pieces: NewPiece[] }
      readonly condition: WriteCondition
    }
  | {
      readonly kind: 'delete-object'
      readonly bucket: string
      readonly key: string
      readonly condition: WriteCondition
    }
  | {
      readonly kind: 'begin-upload'
      readonly bucket: string
      readonly key: string
      readonly uploadId: string
      readonly nowMs: number
      readonly headers: KeptHeaders
      /** Algorithm and type that the upload was begun with. */
      readonly checksum: { readonly algorithm: string; readonly type: Checksum['type'] } | undefined
    }
  | {
      readonly kind: 'put-part'
      readonly bucket: string
      readonly key: string
      readonly uploadId: string
      readonly nowMs: number
      readonly piece: NewPiece
    }
  | {
      readonly kind: 'complete-upload'
      readonly bucket: string
      readonly key: string
      readonly uploadId: string
      readonly nowMs: number
      readonly parts: readonly {
        readonly number: number
        readonly etag: string
        readonly checksum: string | undefined
      }[]
      readonly condition: WriteCondition
      /** What the client says of the whole, to be refused when it is not so. */
      readonly expected: { readonly size: number | undefined; readonly checksum: string | undefined }
    }
  | {
      readonly kind: 'abort-upload'
      readonly bucket: string
      readonly key: string
      readonly uploadId: string
    }

/** What became of an operation. `freed` names the blobs that nothing refers to any more. */
export type WriteResult =
  | { readonly ok: true; readonly etag?: string; readonly checksum?: Checksum; readonly freed: string[] }
  | { readonly ok: false; readonly refused: S3ErrorCode; readonly detail?: string }

/** Why a write may not go ahead from what is there now; `undefined` when it may. */
export function refusalOf(
  condition: WriteCondition,
  currentEtag: string | undefined,
): S3ErrorCode | undefined {
  if (condition.ifMatch !== undefined) {
    if (currentEtag === undefined) return 'NoSuchKey'
    if (condition.ifMatch !== '*' && condition.ifMatch !== currentEtag) return 'PreconditionFailed'
  }
  if (condition.ifNoneMatch === '*' && currentEtag !== undefined) return 'PreconditionFailed'
  return undefined
}
