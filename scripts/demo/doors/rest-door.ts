import type { Job } from '../../../services/frontend/shapes/job.ts'
import type { ApiClient } from '../../stack/api-client.ts'
import type { Door } from './door.ts'

/** By REST: an upload of its own, a job that names it, and its server-sent events. */
export function restDoor(api: ApiClient): Door<Job> {
  return {
    name: 'REST',
    async submit(file, presets, sent) {
      const upload = await api.upload(file, sent)
      return (await api.submit(upload.id, presets)).id
    },
    follow: (jobId, seen) => api.follow(jobId, seen),
    fetchFile: (_jobId, _output, file, destination) => api.download(file, destination),
  }
}
