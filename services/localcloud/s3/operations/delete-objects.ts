import { bareEtag, writeCondition } from '../object-headers.ts'
import { readText } from '../read-text.ts'
import { S3Error } from '../s3-error.ts'
import { type S3Context, type S3Response, xmlResponse } from '../s3-operation.ts'
import { childrenOf, readXml, textOf, writeXml, type XmlChildren } from '../xml.ts'

/** S3's limit of one request. */
const MOST_KEYS = 1000

/** DeleteObject. Deleting what is not there is a success. */
export async function deleteObject({ request, store }: S3Context): Promise<S3Response> {
  const { bucket, key, headers } = request
  await store.write({ kind: 'delete-object', bucket, key, condition: writeCondition(headers) })
  return { status: 204 }
}

/** DeleteObjects: up to 1,000 keys, each with its own result. */
export async function deleteObjects(context: S3Context): Promise<S3Response> {
  const { request, store } = context
  const { bucket } = request
  store.requireBucket(bucket)
  const document = readXml(await readText(context), 'Delete')
  const quiet = textOf(document, 'Quiet') === 'true'
  const targets = childrenOf(document, 'Object')
  if (targets.length === 0 || targets.length > MOST_KEYS) throw new S3Error('MalformedXML')
  const results = await Promise.all(
    targets.map(async (target): Promise<XmlChildren> => {
      const key = textOf(target, 'Key')
      if (!key) throw new S3Error('MalformedXML')
      const etag = textOf(target, 'ETag')
      const condition = etag === undefined ? {} : { ifMatch: bareEtag(etag) }
      try {
        await store.write({ kind: 'delete-object', bucket, key, condition })
        return quiet ? [] : [['Deleted', [['Key', key]]]]
      } catch (error) {
        if (!(error instanceof S3Error)) throw error
        return [
          [
            'Error',
            [
              ['Key', key],
              ['Code', error.code],
              ['Message', error.message],
            ],
          ],
        ]
      }
    }),
  )
  return xmlResponse(writeXml('DeleteResult', results.flat()))
}
