// Reelmill from .NET with an ASMX proxy, as wsdl.exe makes it. What differs between runs comes from the environment.
using System;
using System.IO;
using System.Net;
using System.Threading;
using System.Web.Services.Protocols;
using System.Xml;

static class Client {
  static string Env(string name) { return Environment.GetEnvironmentVariable(name); }

  static void Main() {
    var reelmill = new ReelmillService { Url = Env("SOAP_URL"), Credentials = new NetworkCredential("any", Env("SOAP_KEY")) };
    byte[] movie = File.ReadAllBytes(Env("SOAP_CLIP"));

    // A movie and its job in one call; then wait for it. Each optional number has a second argument: whether it is given.
    Job job = reelmill.UploadMovie("clip.mp4", null, 0, false, null, new[] { "web-480p" }, null,
      new[] { new Entry { Key = "client", Value = "asmx" } }, null, null, movie);
    while (!job.Done) {
      Thread.Sleep(200);
      job = reelmill.GetJob(job.Id);
    }
    Console.WriteLine("job {0} {1}", job.Id, job.Status);

    // Its file.
    OutputFile found = reelmill.ListFiles(job.Id, null)[0];
    File.WriteAllBytes(Env("SOAP_OUT"), reelmill.FetchFile(job.Id, found.Output, found.File.Path, 0, false, 0, false));

    // The same movie in two chunks, for a job of its own that is not waited for.
    Upload upload = reelmill.BeginUpload("clip.mp4", null, movie.Length, true, null, null, null);
    int half = movie.Length / 2;
    reelmill.UploadChunk(upload.Id, 0, Part(movie, 0, half));
    reelmill.UploadChunk(upload.Id, half, Part(movie, half, movie.Length));
    reelmill.CompleteUpload(upload.Id, 0, false, null);
    Job second = reelmill.SubmitJob(
      new[] { new Input { Source = new Source { UploadId = upload.Id } } },
      new[] { new OutputRequest { Preset = "poster-jpg" } }, null, null, null, null);
    reelmill.CancelJob(second.Id);
    Console.WriteLine("second {0}", second.Id);

    // What goes wrong. ASMX has no classes for faults: their detail is XML.
    try {
      reelmill.GetJob("job_nothing");
    } catch (SoapException e) {
      XmlNode fault = e.Detail["ServiceFault", "urn:reelmill:v1"];
      Console.WriteLine("fault {0} {1}", fault["Code"].InnerText, fault["Retryable"].InnerText);
    }
  }

  static byte[] Part(byte[] bytes, int from, int to) {
    var part = new byte[to - from];
    Array.Copy(bytes, from, part, 0, part.Length);
    return part;
  }
}
