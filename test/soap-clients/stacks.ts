import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** One way of calling: what differs between the runs of a client. */
export interface Mode {
  readonly version: '1.1' | '1.2'
  readonly attach: 'inline' | 'mtom'
  readonly auth: 'basic' | 'text' | 'digest'
}

/** A SOAP stack that nobody here wrote, and how a client of it is made and run. */
export interface Stack {
  readonly name: string
  /** Succeeds when the stack is installed. */
  readonly probe: readonly string[]
  readonly modes: readonly Mode[]
  /** Makes the proxy from the served WSDL, and the client, in `folder`. Nothing generated is touched. */
  build?(folder: string, url: string): Promise<void>
  command(folder: string): readonly string[]
  /** The program for it on `GET /soap`, and what its shell needs beside this machine's own environment. */
  readonly sample?: {
    readonly file: 'upload.php' | 'Upload.java' | 'Upload.cs'
    environment?(folder: string): Promise<Readonly<Record<string, string>>>
  }
}

const sources = fileURLToPath(new URL('.', import.meta.url))
const source = (name: string) => path.join(sources, name)

const every = (
  attach: readonly Mode['attach'][],
  auth: readonly Mode['auth'][],
  version: readonly Mode['version'][] = ['1.1', '1.2'],
): readonly Mode[] =>
  version.flatMap((v) => attach.flatMap((at) => auth.map((au) => ({ version: v, attach: at, auth: au }))))

// Debian keeps its jars here, each under its own name.
const jars = (...names: readonly string[]): string =>
  names.map((name) => `/usr/share/java/${name}.jar`).join(':')

const axisJars = jars(
  ...['axis', 'axis-jaxrpc', 'axis-saaj', 'wsdl4j', 'commons-discovery', 'commons-logging'],
  ...['javax.activation', 'javax.mail'],
)
const jaxWsJars = jars(
  ...['jaxws-rt', 'jaxws-ri-runtime', 'jaxws-tools', 'jaxws-api', 'jws-api', 'jaxb-api', 'jaxb-runtime'],
  ...['jaxb-core', 'jaxb-impl', 'jaxb-xjc', 'saaj', 'saaj-impl', 'stax-ex', 'streambuffer', 'mimepull'],
  ...['metro-policy', 'istack-commons-runtime', 'istack-commons-tools', 'gmbal', 'glassfish-management-api'],
  ...['javax.activation', 'javax.mail', 'glassfish-pfl-basic', 'FastInfoset', 'txw2', 'dtd-parser', 'rngom'],
  ...['xsom', 'codemodel', 'geronimo-annotation-1.3-spec', 'woodstox-core', 'stax2-api', 'asm'],
)
const gsoap = '/usr/share/gsoap'

export const stacks: readonly Stack[] = [
  {
    name: 'zeep',
    // The system's own Python: another one that comes first on the PATH does not have Debian's modules.
    probe: ['/usr/bin/python3', '-c', 'import zeep'],
    modes: every(['inline'], ['basic', 'text', 'digest']),
    command: () => ['/usr/bin/python3', source('zeep/client.py')],
  },
  {
    name: 'PHP SoapClient',
    probe: ['php', '-r', 'exit(class_exists("SoapClient") ? 0 : 1);'],
    modes: every(['inline'], ['basic', 'text', 'digest']),
    command: () => ['php', source('php/client.php')],
    sample: { file: 'upload.php' },
  },
  {
    name: 'Perl SOAP::Lite',
    probe: ['perl', '-MSOAP::Lite', '-e', '1'],
    modes: every(['inline'], ['basic']),
    command: () => ['perl', source('perl/client.pl')],
  },
  {
    name: 'gSOAP',
    probe: ['sh', '-c', 'command -v wsdl2h soapcpp2 gcc && test -f /usr/include/openssl/ssl.h'],
    modes: every(['inline', 'mtom'], ['basic', 'text', 'digest']),
    async build(folder, url) {
      // A gSOAP client speaks one version, that of the WSDL; of a WSDL with both it takes 1.2.
      await Promise.all([
        gsoapClient(folder, '1.1', `${url}?wsdl11`),
        gsoapClient(folder, '1.2', `${url}?wsdl`),
      ])
    },
    command: (folder) => ['sh', '-c', `exec ${folder}/$SOAP_VERSION/client`],
  },
  {
    name: 'JAX-WS RI',
    probe: ['sh', '-c', 'command -v javac && test -f /usr/share/java/jaxws-tools.jar'],
    modes: every(['inline', 'mtom'], ['basic', 'text']),
    async build(folder, url) {
      await mkdir(path.join(folder, 'proxy'))
      await mkdir(path.join(folder, 'classes'))
      const options = { cwd: folder }
      // -extension: JAX-WS calls every SOAP 1.2 binding of a WSDL non-standard unless its transport is one of its own.
      await run(
        'java',
        [
          ...['-cp', jaxWsJars, 'com.sun.tools.ws.WsImport', '-keep', '-Xnocompile', '-extension', '-quiet'],
          ...['-s', 'proxy', '-d', 'classes', '-p', 'reelmill', `${url}?wsdl`],
        ],
        options,
      )
      await javac(folder, jaxWsJars, source('jax-ws/Client.java'))
    },
    command: (folder) => ['java', '-cp', `${jaxWsJars}:${path.join(folder, 'classes')}`, 'Client'],
    sample: { file: 'Upload.java', environment: withWsimport },
  },
  {
    name: 'Axis 1.4',
    probe: ['sh', '-c', 'command -v javac && test -f /usr/share/java/axis.jar'],
    modes: every(['inline'], ['basic'], ['1.1']),
    async build(folder, url) {
      await mkdir(path.join(folder, 'classes'))
      await run(
        'java',
        ['-cp', axisJars, 'org.apache.axis.wsdl.WSDL2Java', '-o', 'proxy', '-p', 'reelmill', `${url}?wsdl11`],
        { cwd: folder },
      )
      await javac(folder, axisJars, source('axis/Client.java'))
    },
    command: (folder) => ['java', '-cp', `${axisJars}:${path.join(folder, 'classes')}`, 'Client'],
  },
  {
    name: 'ASMX',
    probe: ['sh', '-c', 'command -v wsdl mcs mono'],
    modes: every(['inline'], ['basic']),
    async build(folder, url) {
      for (const [protocol, name] of [
        ['SOAP', '1.1'],
        ['SOAP12', '1.2'],
      ] as const) {
        const options = { cwd: path.join(folder, name) }
        await mkdir(options.cwd)
        await run('wsdl', [`/protocol:${protocol}`, '/out:Reelmill.cs', `${url}?wsdl`], options)
        const references = ['-r:System.Web.Services', '-r:System.Xml']
        await run('mcs', ['-out:client.exe', ...references, 'Reelmill.cs', source('asmx/Client.cs')], options)
      }
    },
    command: (folder) => ['sh', '-c', `exec mono ${folder}/$SOAP_VERSION/client.exe`],
    sample: { file: 'Upload.cs' },
  },
  {
    name: 'WCF',
    probe: ['sh', '-c', 'command -v mcs mono && test -f /usr/lib/mono/4.5/System.ServiceModel.dll'],
    modes: every(['inline', 'mtom'], ['basic']),
    async build(folder) {
      const references = ['-r:System.ServiceModel', '-r:System.Runtime.Serialization', '-r:System.Xml']
      await run('mcs', ['-out:client.exe', ...references, source('wcf/Client.cs')], { cwd: folder })
    },
    command: (folder) => ['mono', path.join(folder, 'client.exe')],
  },
]

async function gsoapClient(folder: string, version: Mode['version'], wsdl: string): Promise<void> {
  const options = { cwd: path.join(folder, version) }
  await mkdir(options.cwd)
  await run('wsdl2h', ['-c', '-o', 'reelmill.h', wsdl], options)
  await run(
    'soapcpp2',
    ['-c', '-C', '-L', '-x', '-w', `-I${gsoap}/import:${options.cwd}`, source('gsoap/service.h')],
    options,
  )
  const plugins = ['plugin/wsseapi.c', 'plugin/smdevp.c', 'plugin/mecevp.c', 'custom/struct_timeval.c']
  await run(
    'gcc',
    [
      // As Debian's libraries were made: the layout of `struct soap` depends on it.
      ...['-w', '-DWITH_OPENSSL', '-DWITH_GZIP', '-DWITH_DOM', '-DWITH_IPV6'],
      ...['-I.', `-I${gsoap}/plugin`, `-I${gsoap}/custom`, `-I${gsoap}/import`, '-o', 'client'],
      ...[source('gsoap/client.c'), 'soapC.c', 'soapClient.c', ...plugins.map((file) => `${gsoap}/${file}`)],
      ...['-lgsoapssl', '-lssl', '-lcrypto', '-lz'],
    ],
    options,
  )
}

/** Debian has JAX-WS and no command for wsimport; JDK 8 has both, on its class path. */
async function withWsimport(folder: string): Promise<Readonly<Record<string, string>>> {
  const command = path.join(folder, 'wsimport')
  await writeFile(command, `#!/bin/sh\nexec java -cp ${jaxWsJars} com.sun.tools.ws.WsImport "$@"\n`, {
    mode: 0o755,
  })
  return { PATH: `${folder}:${process.env.PATH}`, CLASSPATH: `${jaxWsJars}:.` }
}

async function javac(folder: string, classpath: string, client: string): Promise<void> {
  const { stdout } = await run('find', ['proxy', '-name', '*.java'], { cwd: folder })
  const proxies = stdout.split('\n').filter((file) => file !== '')
  await run('javac', ['-nowarn', '-cp', classpath, '-d', 'classes', ...proxies, client], { cwd: folder })
}
