// Reelmill from Java with Axis 1.4; `reelmill` is what WSDL2Java made of ?wsdl11. What differs between runs comes from
// the environment.
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import reelmill.*;

public class Client {
  public static void main(String[] args) throws Exception {
    Map<String, String> env = System.getenv();
    ReelmillBindingStub reelmill =
        (ReelmillBindingStub) new ReelmillServiceLocator().getReelmillPort(new java.net.URL(env.get("SOAP_URL")));
    reelmill.setUsername("any");
    reelmill.setPassword(env.get("SOAP_KEY"));
    byte[] movie = Files.readAllBytes(Path.of(env.get("SOAP_CLIP")));

    // A movie and its job in one call; then wait for it.
    Job job = reelmill.uploadMovie("clip.mp4", null, null, null, new String[] {"web-480p"}, null,
        new Entry[] {new Entry("client", "axis")}, null, null, movie);
    while (!job.isDone()) {
      Thread.sleep(200);
      job = reelmill.getJob(job.getId());
    }
    System.out.println("job " + job.getId() + " " + job.getStatus());

    // Its file.
    OutputFile found = reelmill.listFiles(job.getId(), null)[0];
    Files.write(Path.of(env.get("SOAP_OUT")),
        reelmill.fetchFile(job.getId(), found.getOutput(), found.getFile().getPath(), null, null));

    // The same movie in two chunks, for a job of its own that is not waited for.
    Upload upload = reelmill.beginUpload("clip.mp4", null, (long) movie.length, null, null, null);
    int half = movie.length / 2;
    reelmill.uploadChunk(upload.getId(), 0, Arrays.copyOfRange(movie, 0, half));
    reelmill.uploadChunk(upload.getId(), half, Arrays.copyOfRange(movie, half, movie.length));
    reelmill.completeUpload(upload.getId(), null, null);
    Source source = new Source();
    source.setUploadId(upload.getId());
    OutputRequest output = new OutputRequest();
    output.setPreset("poster-jpg");
    Job second = reelmill.submitJob(new Input[] {new Input(source)}, new OutputRequest[] {output}, null, null, null, null);
    reelmill.cancelJob(second.getId());
    System.out.println("second " + second.getId());

    // What goes wrong, by its typed detail.
    try {
      reelmill.getJob("job_nothing");
    } catch (ServiceFault fault) {
      System.out.println("fault " + fault.getCode() + " " + fault.isRetryable());
    }
  }
}
