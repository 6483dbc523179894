// Reelmill from Java with JAX-WS; `reelmill` is what wsimport made. What differs between runs comes from the environment.
import com.sun.xml.ws.developer.JAXWSProperties;
import java.io.File;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import javax.activation.DataHandler;
import javax.activation.FileDataSource;
import javax.mail.util.ByteArrayDataSource;
import javax.xml.namespace.QName;
import javax.xml.soap.SOAPElement;
import javax.xml.ws.BindingProvider;
import javax.xml.ws.WebServiceFeature;
import javax.xml.ws.handler.Handler;
import javax.xml.ws.handler.MessageContext;
import javax.xml.ws.handler.soap.SOAPHandler;
import javax.xml.ws.handler.soap.SOAPMessageContext;
import javax.xml.ws.soap.MTOMFeature;
import reelmill.*;

public class Client {
  static final Map<String, String> ENV = System.getenv();

  public static void main(String[] args) throws Exception {
    Reelmill reelmill = port();
    File clip = new File(ENV.get("SOAP_CLIP"));
    FileDataSource movie = new FileDataSource(clip) {
      // Java would look at the file's name; what a movie is, the service finds out.
      @Override public String getContentType() { return "application/octet-stream"; }
    };

    // A movie and its job in one call; then wait for it.
    ArrayOfString presets = new ArrayOfString();
    presets.getString().add("web-480p");
    Entry entry = new Entry();
    entry.setKey("client");
    entry.setValue("jax-ws");
    ArrayOfEntry metadata = new ArrayOfEntry();
    metadata.getEntry().add(entry);
    Job job = reelmill.uploadMovie(clip.getName(), null, null, null, presets, null, metadata, null, null,
        new DataHandler(movie));
    while (!job.isDone()) {
      Thread.sleep(200);
      job = reelmill.getJob(job.getId());
    }
    System.out.println("job " + job.getId() + " " + job.getStatus());

    // Its file.
    OutputFile found = reelmill.listFiles(job.getId(), null).getOutputFile().get(0);
    DataHandler content = reelmill.fetchFile(job.getId(), found.getOutput(), found.getFile().getPath(), null, null);
    try (InputStream in = content.getInputStream()) {
      Files.copy(in, Path.of(ENV.get("SOAP_OUT")), StandardCopyOption.REPLACE_EXISTING);
    }

    // The same movie in two chunks, for a job of its own that is not waited for.
    byte[] bytes = Files.readAllBytes(clip.toPath());
    Upload upload = reelmill.beginUpload(clip.getName(), null, (long) bytes.length, null, null, null);
    int half = bytes.length / 2;
    reelmill.uploadChunk(upload.getId(), 0, chunk(bytes, 0, half));
    reelmill.uploadChunk(upload.getId(), half, chunk(bytes, half, bytes.length));
    reelmill.completeUpload(upload.getId(), null, null);
    Source source = new Source();
    source.setUploadId(upload.getId());
    Input input = new Input();
    input.setSource(source);
    ArrayOfInput inputs = new ArrayOfInput();
    inputs.getInput().add(input);
    OutputRequest output = new OutputRequest();
    output.setPreset("poster-jpg");
    ArrayOfOutputRequest outputs = new ArrayOfOutputRequest();
    outputs.getOutputRequest().add(output);
    Job second = reelmill.submitJob(inputs, outputs, null, null, null, null);
    reelmill.cancelJob(second.getId());
    System.out.println("second " + second.getId());

    // What goes wrong, by its typed detail.
    try {
      reelmill.getJob("job_nothing");
    } catch (ServiceException e) {
      System.out.println("fault " + e.getFaultInfo().getCode() + " " + e.getFaultInfo().isRetryable());
    }
  }

  static Reelmill port() throws Exception {
    ReelmillService service = new ReelmillService(new java.net.URL(ENV.get("SOAP_URL") + "?wsdl"));
    WebServiceFeature[] features = ENV.get("SOAP_ATTACH").equals("mtom")
        ? new WebServiceFeature[] {new MTOMFeature()} : new WebServiceFeature[0];
    Reelmill port = ENV.get("SOAP_VERSION").equals("1.2")
        ? service.getReelmillPort12(features) : service.getReelmillPort(features);
    BindingProvider provider = (BindingProvider) port;
    if (ENV.get("SOAP_AUTH").equals("basic")) {
      provider.getRequestContext().put(BindingProvider.USERNAME_PROPERTY, "any");
      provider.getRequestContext().put(BindingProvider.PASSWORD_PROPERTY, ENV.get("SOAP_KEY"));
    } else {
      provider.getBinding().setHandlerChain(List.<Handler>of(new UsernameToken("any", ENV.get("SOAP_KEY"))));
    }
    // Without it Java holds the whole request in memory.
    provider.getRequestContext().put(JAXWSProperties.HTTP_CLIENT_STREAMING_CHUNK_SIZE, 65536);
    return port;
  }

  static DataHandler chunk(byte[] bytes, int from, int to) {
    return new DataHandler(new ByteArrayDataSource(java.util.Arrays.copyOfRange(bytes, from, to),
        "application/octet-stream"));
  }

  /** WS-Security as the RI leaves it to its users. */
  static class UsernameToken implements SOAPHandler<SOAPMessageContext> {
    static final String WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
    final String user;
    final String password;

    UsernameToken(String user, String password) {
      this.user = user;
      this.password = password;
    }

    @Override public boolean handleMessage(SOAPMessageContext context) {
      if (!(Boolean) context.get(MessageContext.MESSAGE_OUTBOUND_PROPERTY)) return true;
      try {
        var envelope = context.getMessage().getSOAPPart().getEnvelope();
        var header = envelope.getHeader() == null ? envelope.addHeader() : envelope.getHeader();
        SOAPElement security = header.addChildElement(new QName(WSSE, "Security", "wsse"));
        SOAPElement token = security.addChildElement(new QName(WSSE, "UsernameToken", "wsse"));
        token.addChildElement(new QName(WSSE, "Username", "wsse")).addTextNode(user);
        token.addChildElement(new QName(WSSE, "Password", "wsse")).addTextNode(password);
        return true;
      } catch (javax.xml.soap.SOAPException e) {
        throw new RuntimeException(e);
      }
    }

    @Override public boolean handleFault(SOAPMessageContext context) { return true; }
    @Override public void close(MessageContext context) {}
    @Override public java.util.Set<QName> getHeaders() { return java.util.Set.of(); }
  }
}
