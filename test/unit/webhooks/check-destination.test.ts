import assert from 'node:assert/strict'
import { checkDestination, isPublic } from '#shared/webhooks/check-destination.ts'

describe('a webhook destination', () => {
  const resolve = async (host: string): Promise<readonly string[]> => {
    const known: Record<string, readonly string[]> = {
      'public.example': ['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'],
      'inside.example': ['10.0.0.7'],
      'both.example': ['93.184.215.14', '127.0.0.1'],
      'mapped.example': ['::ffff:169.254.169.254'],
    }
    const addresses = known[host]
    if (addresses) return addresses
    throw new Error('ENOTFOUND')
  }
  const check = (url: string, allowPrivate = false) => checkDestination(url, { allowPrivate, resolve })

  it('is taken with the addresses that were checked', async () => {
    const { url, addresses } = await check('https://public.example/hook?x=1')
    assert.equal(url.href, 'https://public.example/hook?x=1')
    assert.deepEqual(addresses, ['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'])
  })

  it('is refused when any of its addresses is not public', async () => {
    for (const host of ['inside.example', 'both.example', 'mapped.example']) {
      await assert.rejects(check(`http://${host}/`), { code: 'destination-refused' }, host)
    }
  })

  it('is refused however a private address is written', async () => {
    const hosts = [
      '127.0.0.1',
      '2130706433',
      '0x7f.1',
      '0177.0.0.1',
      '127.1',
      '0',
      '[::1]',
      '[::]',
      '[::ffff:7f00:1]',
    ]
    for (const host of hosts) {
      await assert.rejects(check(`http://${host}/`), { code: 'destination-refused' }, host)
    }
  })

  it('is refused unless it is http or https without credentials', async () => {
    const urls = [
      'ftp://public.example/',
      'file:///etc/passwd',
      'public.example',
      '',
      'https://a:b@public.example/',
    ]
    for (const url of urls) await assert.rejects(check(url), { code: 'destination-refused' }, url)
  })

  it('is refused when its name leads nowhere', async () => {
    await assert.rejects(check('https://nowhere.example/'), { code: 'destination-refused' })
  })

  it('may be private where the operator says so', async () => {
    assert.deepEqual((await check('http://inside.example:8080/', true)).addresses, ['10.0.0.7'])
    assert.deepEqual((await check('http://127.0.0.1:1/', true)).addresses, ['127.0.0.1'])
  })

  it('is public only outside of every special range', () => {
    const special = [
      '0.0.0.0',
      '10.1.2.3',
      '100.64.0.1',
      '100.100.100.200',
      '127.0.0.1',
      '168.63.129.16',
      '169.254.169.254',
      '172.16.0.1',
      '192.0.0.192',
      '192.0.2.1',
      '192.168.1.1',
      '198.18.0.1',
      '224.0.0.1',
      '240.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      '::ffff:10.0.0.1',
      '::ffff:a9fe:a9fe',
      '64:ff9b::a9fe:a9fe',
      '2002:7f00:1::',
      '2001:0:7f00:1::',
      'fc00::1',
      'fd00:ec2::254',
      'fe80::1',
      'ff02::1',
      '2001:db8::1',
      'not an address',
    ]
    for (const ip of special) assert.equal(isPublic(ip), false, ip)
    for (const ip of ['8.8.8.8', '93.184.215.14', '2606:4700::1111', '::ffff:8.8.8.8']) {
      assert.equal(isPublic(ip), true, ip)
    }
  })
})
