// Reelmill from .NET with WCF. Mono's svcutil makes no proxy of a WSDL, so the part of the contract that is used is
// written here by hand, in the order of the WSDL. What differs between runs comes from the environment.
using System;
using System.IO;
using System.Net;
using System.Runtime.Serialization;
using System.ServiceModel;
using System.ServiceModel.Channels;
using System.Collections.Generic;
using System.Threading;

[ServiceContract(Namespace = "urn:reelmill:v1", Name = "Reelmill")]
public interface Reelmill {
  [OperationContract(Action = "urn:reelmill:v1/UploadMovie", ReplyAction = "*")]
  [FaultContract(typeof(ServiceFault), Action = "*")]
  UploadMovieResponse UploadMovie(UploadMovieRequest request);

  [OperationContract(Action = "urn:reelmill:v1/GetJob", ReplyAction = "*")]
  [FaultContract(typeof(ServiceFault), Action = "*")]
  GetJobResponse GetJob(GetJobRequest request);

  [OperationContract(Action = "urn:reelmill:v1/ListFiles", ReplyAction = "*")]
  ListFilesResponse ListFiles(ListFilesRequest request);

  [OperationContract(Action = "urn:reelmill:v1/FetchFile", ReplyAction = "*")]
  FetchFileResponse FetchFile(FetchFileRequest request);
}

[MessageContract(WrapperName = "UploadMovie", WrapperNamespace = Names.V1)]
public class UploadMovieRequest {
  [MessageBodyMember(Namespace = Names.V1, Order = 0)] public string FileName;
  [MessageBodyMember(Namespace = Names.V1, Order = 1)] public ArrayOfString Presets;
  [MessageBodyMember(Namespace = Names.V1, Order = 2)] public ArrayOfEntry Metadata;
  [MessageBodyMember(Namespace = Names.V1, Order = 3)] public byte[] Content;
}
[MessageContract(WrapperName = "UploadMovieResponse", WrapperNamespace = Names.V1)]
public class UploadMovieResponse { [MessageBodyMember(Namespace = Names.V1)] public Job Job; }

[MessageContract(WrapperName = "GetJob", WrapperNamespace = Names.V1)]
public class GetJobRequest { [MessageBodyMember(Namespace = Names.V1)] public string JobId; }
[MessageContract(WrapperName = "GetJobResponse", WrapperNamespace = Names.V1)]
public class GetJobResponse { [MessageBodyMember(Namespace = Names.V1)] public Job Job; }

[MessageContract(WrapperName = "ListFiles", WrapperNamespace = Names.V1)]
public class ListFilesRequest { [MessageBodyMember(Namespace = Names.V1)] public string JobId; }
[MessageContract(WrapperName = "ListFilesResponse", WrapperNamespace = Names.V1)]
public class ListFilesResponse { [MessageBodyMember(Namespace = Names.V1)] public ArrayOfOutputFile Files; }

[MessageContract(WrapperName = "FetchFile", WrapperNamespace = Names.V1)]
public class FetchFileRequest {
  [MessageBodyMember(Namespace = Names.V1, Order = 0)] public string JobId;
  [MessageBodyMember(Namespace = Names.V1, Order = 1)] public string Output;
  [MessageBodyMember(Namespace = Names.V1, Order = 2)] public string Path;
}
[MessageContract(WrapperName = "FetchFileResponse", WrapperNamespace = Names.V1)]
public class FetchFileResponse { [MessageBodyMember(Namespace = Names.V1)] public byte[] Content; }

[DataContract(Namespace = Names.V1)] public class Entry {
  [DataMember(Order = 0)] public string Key;
  [DataMember(Order = 1)] public string Value;
}
[DataContract(Namespace = Names.V1)] public class Job {
  [DataMember(Order = 0)] public string Id;
  [DataMember(Order = 1)] public string Status;
  [DataMember(Order = 2)] public bool Done;
}
[DataContract(Namespace = Names.V1)] public class MediaFile {
  [DataMember(Order = 0)] public string Path;
  [DataMember(Order = 1)] public long SizeBytes;
  [DataMember(Order = 2)] public string Sha256;
}
[DataContract(Namespace = Names.V1)] public class OutputFile {
  [DataMember(Order = 0)] public string Output;
  [DataMember(Order = 1)] public MediaFile File;
}
[DataContract(Namespace = Names.V1)] public class ServiceFault {
  [DataMember(Order = 0)] public string Code;
  [DataMember(Order = 1)] public string Message;
  [DataMember(Order = 2)] public bool Retryable;
}
[CollectionDataContract(Namespace = Names.V1, ItemName = "String")] public class ArrayOfString : List<string> {}
[CollectionDataContract(Namespace = Names.V1, ItemName = "Entry")] public class ArrayOfEntry : List<Entry> {}
[CollectionDataContract(Namespace = Names.V1, ItemName = "OutputFile")] public class ArrayOfOutputFile : List<OutputFile> {}

static class Names { public const string V1 = "urn:reelmill:v1"; }

static class Client {
  static string Env(string name) { return Environment.GetEnvironmentVariable(name); }

  static void Main() {
    var factory = new ChannelFactory<Reelmill>(Binding(), new EndpointAddress(Env("SOAP_URL")));
    factory.Credentials.UserName.UserName = "any";
    factory.Credentials.UserName.Password = Env("SOAP_KEY");
    Reelmill reelmill = factory.CreateChannel();
    byte[] movie = File.ReadAllBytes(Env("SOAP_CLIP"));

    // A movie and its job in one call; then wait for it.
    Job job = reelmill.UploadMovie(new UploadMovieRequest {
      FileName = "clip.mp4", Presets = new ArrayOfString { "web-480p" },
      Metadata = new ArrayOfEntry { new Entry { Key = "client", Value = "wcf" } }, Content = movie,
    }).Job;
    while (!job.Done) {
      Thread.Sleep(200);
      job = reelmill.GetJob(new GetJobRequest { JobId = job.Id }).Job;
    }
    Console.WriteLine("job {0} {1}", job.Id, job.Status);

    // Its file.
    OutputFile found = reelmill.ListFiles(new ListFilesRequest { JobId = job.Id }).Files[0];
    File.WriteAllBytes(Env("SOAP_OUT"), reelmill.FetchFile(
      new FetchFileRequest { JobId = job.Id, Output = found.Output, Path = found.File.Path }).Content);

    // What goes wrong, by its typed detail.
    try {
      reelmill.GetJob(new GetJobRequest { JobId = "job_nothing" });
    } catch (FaultException<ServiceFault> e) {
      Console.WriteLine("fault {0} {1}", e.Detail.Code, e.Detail.Retryable ? "true" : "false");
    }
  }

  static System.ServiceModel.Channels.Binding Binding() {
    MessageVersion version = Env("SOAP_VERSION") == "1.2" ? MessageVersion.Soap12WSAddressing10 : MessageVersion.Soap11;
    MessageEncodingBindingElement encoding = Env("SOAP_ATTACH") == "mtom"
      ? (MessageEncodingBindingElement)new MtomMessageEncodingBindingElement { MessageVersion = version, ReaderQuotas = { MaxArrayLength = 1 << 30 } }
      : new TextMessageEncodingBindingElement { MessageVersion = version };
    var transport = new HttpTransportBindingElement {
      AuthenticationScheme = AuthenticationSchemes.Basic,
      MaxReceivedMessageSize = 1 << 30,
    };
    return new CustomBinding(encoding, transport);
  }
}
