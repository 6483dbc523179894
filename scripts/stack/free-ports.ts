import { createServer } from 'node:net'

/** Ports that nobody listens on just now, all held until the last is found so that they differ. */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  try {
    return await Promise.all(
      servers.map(
        (server) =>
          new Promise<number>((resolve, reject) => {
            server.once('error', reject)
            server.listen(0, host, () => {
              const address = server.address()
              if (address && typeof address === 'object') resolve(address.port)
              else reject(new Error('a listening server has no port'))
            })
          }),
      ),
    )
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  }
}
