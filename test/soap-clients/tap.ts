import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Between a client and the service, byte for byte, and heard on the way. Dispose of it. */
export interface Tap extends AsyncDisposable {
  /** Where clients reach the service through it. */
  readonly url: string
  /** All that clients have sent so far; each character is a byte. */
  said(): string
}

/** Opens a tap to the service at `target`. Nothing of HTTP is touched, so that waits and chunks pass as they are. */
export async function startTap(target: string): Promise<Tap> {
  const { hostname, port } = new URL(target)
  const heard: Buffer[] = []
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const service = connect(Number(port), hostname)
    for (const socket of [client, service]) {
      open.add(socket)
      // A reset of either side is the other's end, as it would be without the tap.
      socket.on('error', () => undefined)
      socket.once('close', () => {
        open.delete(socket)
        client.destroy()
        service.destroy()
      })
    }
    client.on('data', (chunk: Buffer) => heard.push(chunk))
    client.pipe(service)
    service.pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    said: () => Buffer.concat(heard).toString('latin1'),
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
