import { operations } from '../contract/operations.ts'
import { xmlAttribute, xmlText } from '../xml-text.ts'

/** `GET /soap`: what a person sees who follows the address in a browser. */
export function soapPage(address: string): string {
  const url = xmlAttribute(address)
  const rows = operations
    .map(({ name, doc }) => `<tr><td><code>${name}</code></td><td>${xmlText(doc)}</td></tr>`)
    .join('\n')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Reelmill SOAP</title>
<style>
:root { color-scheme: light dark; }
body { margin: 3rem auto; max-width: 52rem; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
table { border-collapse: collapse; width: 100%; }
td { padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
pre { overflow-x: auto; padding: .8rem; border: 1px solid #8884; border-radius: .4rem; }
</style>
</head>
<body>
<h1>Reelmill SOAP</h1>
<p>SOAP 1.1 and 1.2, document/literal wrapped, at <code>${url}</code>. The movie goes in as MTOM or base64, of any size.
Authenticate by HTTP Basic or a WS-Security UsernameToken; the password is a key (<code>rmk_...</code>).</p>
<ul>
<li><a href="${url}?wsdl">${url}?wsdl</a> &mdash; the contract, with ports for both versions</li>
<li><a href="${url}?wsdl11">${url}?wsdl11</a> &mdash; SOAP 1.1 alone, for old generators such as Axis 1.4</li>
<li><a href="/docs">/docs</a> &mdash; the same service by REST</li>
</ul>
<h2>Operations</h2>
<table>
${rows}
</table>
<h2>From your language</h2>
${samples(address)
  .map(({ title, code }) => `<h3>${xmlText(title)}</h3>\n<pre><code>${xmlText(code)}</code></pre>`)
  .join('\n')}
</body>
</html>
`
}

interface Sample {
  readonly title: string
  readonly code: string
}

function samples(address: string): readonly Sample[] {
  return [
    {
      title: 'PHP',
      code: `$client = new SoapClient('${address}?wsdl', ['login' => 'any', 'password' => 'rmk_...']);
$job = $client->UploadMovie([
  'FileName' => 'movie.mov',
  'Presets' => ['String' => ['web-720p']],
  'Content' => file_get_contents('movie.mov'),
])->Job;
echo $job->Id, ' ', $job->Status;`,
    },
    {
      title: 'Python (zeep)',
      code: `from requests import Session
from zeep import Client
from zeep.transports import Transport

session = Session()
session.auth = ('any', 'rmk_...')
client = Client('${address}?wsdl', transport=Transport(session=session))
job = client.service.UploadMovie(FileName='movie.mov', Presets={'String': ['web-720p']},
                                 Content=open('movie.mov', 'rb').read())
print(job.Id, job.Status)`,
    },
    {
      title: 'Java (JAX-WS; wsimport -keep)',
      code: `Reelmill port = new ReelmillService().getReelmillPort(new MTOMFeature());
Map<String, Object> context = ((BindingProvider) port).getRequestContext();
context.put(BindingProvider.USERNAME_PROPERTY, "any");
context.put(BindingProvider.PASSWORD_PROPERTY, "rmk_...");
context.put(JAXWSProperties.HTTP_CLIENT_STREAMING_CHUNK_SIZE, 65536); // streams
ArrayOfString presets = new ArrayOfString();
presets.getString().add("web-720p");
Job job = port.uploadMovie("movie.mov", null, null, null, presets, null, null, null, null,
    new DataHandler(new FileDataSource("movie.mov")));`,
    },
    {
      title: 'C# (wsdl.exe)',
      code: `var service = new ReelmillService();
service.Credentials = new NetworkCredential("any", "rmk_...");
var job = service.UploadMovie("movie.mov", null, 0, false, null, new[] {"web-720p"}, null, null, null, null,
    File.ReadAllBytes("movie.mov"));`,
    },
    {
      title: 'Perl (SOAP::Lite)',
      code: `my $soap = SOAP::Lite->proxy('${address}', credentials => ['${new URL(address).host}', 'reelmill', 'any', 'rmk_...'])
  ->default_ns('urn:reelmill:v1');
my $job = $soap->call('GetJob', SOAP::Data->name(JobId => 'job_...'))->result;`,
    },
    {
      title: 'C (gSOAP; wsdl2h, soapcpp2)',
      code: `struct soap *soap = soap_new1(SOAP_C_UTFSTRING);
soap->userid = "any"; soap->passwd = "rmk_...";
struct _ns1__GetJob request = { "job_..." };
struct _ns1__GetJobResponse response;
if (soap_call___ns1__GetJob(soap, "${address}", NULL, &request, &response) == SOAP_OK)
  puts(response.Job->Status);`,
    },
    {
      title: 'curl',
      code: `curl -u any:rmk_... -H 'Content-Type: text/xml' ${address} --data \\
'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><ListPresets xmlns="urn:reelmill:v1"/></s:Body></s:Envelope>'`,
    },
  ]
}
