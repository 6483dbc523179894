import { GetObjectCommand, type S3Client, UploadPartCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { contentDisposition } from '#shared/storage/content-disposition.ts'

/** A URL that reads an object without credentials. See `MediaStore.presignRead`. */
export async function presignRead(
  client: S3Client,
  object: { readonly bucket: string; readonly key: string },
  options: { readonly expiresSec: number; readonly fileName?: string; readonly contentType?: string },
): Promise<string> {
  const { expiresSec, fileName, contentType } = options
  const command = new GetObjectCommand({
    Bucket: object.bucket,
    Key: object.key,
    ...(fileName === undefined ? {} : { ResponseContentDisposition: contentDisposition(fileName) }),
    ...(contentType === undefined ? {} : { ResponseContentType: contentType }),
  })
  return await getSignedUrl(client, command, { expiresIn: expiresSec })
}

/** A URL that PUTs one part of a multipart upload without credentials. */
export async function presignPart(
  client: S3Client,
  part: {
    readonly bucket: string
    readonly key: string
    readonly uploadId: string
    readonly number: number
  },
  options: { readonly expiresSec: number },
): Promise<string> {
  const command = new UploadPartCommand({
    Bucket: part.bucket,
    Key: part.key,
    UploadId: part.uploadId,
    PartNumber: part.number,
  })
  // The SDK would sign the checksum of the body that it sees here, which is none, and the store refuse every part.
  command.middlewareStack.add(
    (next) => (args) => {
      const { headers = {} } = args.request as { headers?: Record<string, string> }
      for (const name of Object.keys(headers)) {
        if (/^x-amz-(sdk-)?checksum-/.test(name)) delete headers[name]
      }
      return next(args)
    },
    { step: 'build', priority: 'low' },
  )
  return await getSignedUrl(client, command, { expiresIn: options.expiresSec })
}
