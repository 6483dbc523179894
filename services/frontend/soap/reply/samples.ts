/** A client in one language, short enough to be pasted. */
export interface Sample {
  readonly title: string
  /** What is typed into a shell to make and run it; left out where `code` is only a part of a program. */
  readonly shell?: string
  readonly code: string
}

/**
 * What `GET /soap` shows. The first three are whole
 * programs, which the README has as well and `npm run test:soap-clients` runs as they stand.
 */
export function samples(address: string): readonly Sample[] {
  return [
    {
      title: 'PHP (upload.php; needs php-soap)',
      shell: 'php upload.php',
      code: `<?php
$reelmill = new SoapClient('${address}?wsdl', ['login' => 'any', 'password' => trim(file_get_contents('data/key'))]);
$job = $reelmill->UploadMovie(['FileName' => 'movie.mov', 'Presets' => ['String' => ['web-720p']],
  'Content' => file_get_contents('movie.mov')])->Job;
while (!$job->Done) {
  sleep(1);
  $job = $reelmill->GetJob(['JobId' => $job->Id])->Job;
}
$file = ['JobId' => $job->Id, 'Output' => 'web-720p', 'Path' => 'web-720p.mp4'];
echo $job->Status, ' ', $reelmill->GetFileUrl($file)->FileUrl->Url, "\\n";`,
    },
    {
      title: 'Java (Upload.java; JAX-WS, as JDK 8 has it)',
      shell: `wsimport -keep -extension -p reelmill '${address}?wsdl'
javac Upload.java
java Upload`,
      code: `import java.nio.file.*;
import java.util.*;
import javax.activation.*;
import javax.xml.ws.BindingProvider;
import javax.xml.ws.soap.MTOMFeature;
import reelmill.*;

public class Upload {
  public static void main(String[] args) throws Exception {
    Reelmill service = new ReelmillService().getReelmillPort(new MTOMFeature());
    Map<String, Object> context = ((BindingProvider) service).getRequestContext();
    context.put(BindingProvider.USERNAME_PROPERTY, "any");
    context.put(BindingProvider.PASSWORD_PROPERTY, new String(Files.readAllBytes(Paths.get("data/key"))).trim());
    for (String jaxWs : new String[] { "com.sun.xml.ws", "com.sun.xml.internal.ws" }) // the second is JDK 8's own
      context.put(jaxWs + ".transport.http.client.streaming.chunk.size", 65536); // streams, instead of holding the movie
    ArrayOfString presets = new ArrayOfString();
    presets.getString().add("web-720p");
    Job job = service.uploadMovie("movie.mov", null, null, null, presets, null, null, null, null,
        new DataHandler(new FileDataSource("movie.mov")));
    while (!job.isDone()) {
      Thread.sleep(1000);
      job = service.getJob(job.getId());
    }
    System.out.println(job.getStatus() + " " + service.getFileUrl(job.getId(), "web-720p", "web-720p.mp4").getUrl());
  }
}`,
    },
    {
      title: 'C# (Upload.cs; an ASMX proxy of .NET Framework or Mono)',
      shell: `wsdl /out:Reelmill.cs '${address}?wsdl'
mcs -r:System.Web.Services Upload.cs Reelmill.cs
mono Upload.exe`,
      code: `using System;
using System.IO;
using System.Net;
using System.Threading;

static class Program {
  static void Main() {
    var key = File.ReadAllText("data/key").Trim();
    var reelmill = new ReelmillService { Credentials = new NetworkCredential("any", key) };
    // Each optional number has a second argument: whether it is given.
    Job job = reelmill.UploadMovie("movie.mov", null, 0, false, null, new[] { "web-720p" }, null, null, null, null,
      File.ReadAllBytes("movie.mov"));
    while (!job.Done) {
      Thread.Sleep(1000);
      job = reelmill.GetJob(job.Id);
    }
    Console.WriteLine(job.Status + " " + reelmill.GetFileUrl(job.Id, "web-720p", "web-720p.mp4").Url);
  }
}`,
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
      title: 'Perl (SOAP::Lite)',
      code: `sub SOAP::Transport::HTTP::Client::get_basic_credentials { return ('any', 'rmk_...') }
my $soap = SOAP::Lite->proxy('${address}')->default_ns('urn:reelmill:v1')->autotype(0);
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
