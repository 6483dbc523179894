import {
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  ListPartsCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import type { MediaObject, MediaPart } from '#shared/storage/media-store.ts'

/** Where a listing looks. Failures are the SDK's; the caller turns them into ours. */
export interface S3Place {
  readonly client: S3Client
  readonly bucket: string
}

/** Every object under `prefix`, page after page, in the order of the store. */
export async function* listObjects(
  { client, bucket }: S3Place,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<MediaObject> {
  let token: string | undefined
  do {
    const page: ListObjectsV2CommandOutput = await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        ...(token === undefined ? {} : { ContinuationToken: token }),
      }),
      signal ? { abortSignal: signal } : {},
    )
    for (const { Key = '', Size = 0, ETag = '' } of page.Contents ?? []) {
      yield { key: Key, sizeBytes: Size, etag: ETag }
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined
  } while (token !== undefined)
}

/** The parts that have arrived, in the order of their numbers. */
export async function listParts(
  { client, bucket }: S3Place,
  key: string,
  uploadId: string,
): Promise<MediaPart[]> {
  const parts: MediaPart[] = []
  let marker: string | undefined
  do {
    const page = await client.send(
      new ListPartsCommand({
        Bucket: bucket,
        Key: key,
        UploadId: uploadId,
        ...(marker === undefined ? {} : { PartNumberMarker: marker }),
      }),
    )
    for (const { PartNumber = 0, ETag = '', Size = 0 } of page.Parts ?? []) {
      parts.push({ number: PartNumber, etag: ETag, sizeBytes: Size })
    }
    marker = page.IsTruncated ? page.NextPartNumberMarker : undefined
  } while (marker !== undefined)
  return parts
}

/** Uploads that are neither completed nor aborted. */
export async function* listMultiparts(
  { client, bucket }: S3Place,
  prefix: string,
): AsyncGenerator<{ key: string; uploadId: string; startedAtMs: number }> {
  let markers: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {}
  while (markers) {
    const page: ListMultipartUploadsCommandOutput = await client.send(
      new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...markers }),
    )
    for (const { Key = '', UploadId = '', Initiated } of page.Uploads ?? []) {
      yield { key: Key, uploadId: UploadId, startedAtMs: Initiated?.getTime() ?? 0 }
    }
    const { NextKeyMarker: key, NextUploadIdMarker: id } = page
    const more = page.IsTruncated && key !== undefined && id !== undefined
    markers = more ? { KeyMarker: key, UploadIdMarker: id } : undefined
  }
}
