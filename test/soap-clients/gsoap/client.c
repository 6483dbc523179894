/* Reelmill from C with gSOAP. What differs between runs comes from the environment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "soapH.h"
#include "wsseapi.h"
#include "ReelmillBinding.nsmap"

static const char *env(const char *name) { const char *value = getenv(name); return value ? value : ""; }
static int is(const char *name, const char *value) { return strcmp(env(name), value) == 0; }

/* MTOM is streamed from the file: these are called as gSOAP sends the attachment. */
static void *open_movie(struct soap *soap, void *handle, const char *id, const char *type, const char *description) {
  (void)soap; (void)id; (void)type; (void)description;
  return handle;
}
static size_t read_movie(struct soap *soap, void *handle, char *buffer, size_t length) {
  (void)soap;
  return fread(buffer, 1, length, (FILE *)handle);
}
static void close_movie(struct soap *soap, void *handle) { (void)soap; fclose((FILE *)handle); }

/* Who we are, anew before each call. */
static void sign(struct soap *soap) {
  soap_wsse_delete_Security(soap);
  if (is("SOAP_AUTH", "basic")) {
    soap->userid = "any";
    soap->passwd = env("SOAP_KEY");
  } else if (is("SOAP_AUTH", "text")) {
    soap_wsse_add_UsernameTokenText(soap, NULL, "any", env("SOAP_KEY"));
  } else {
    soap_wsse_add_UsernameTokenDigest(soap, NULL, env("SOAP_USER"), env("SOAP_SECRET"));
  }
}

#define CALL(name, request, response) \
  do { \
    sign(soap); \
    if (soap_call___ns1__##name(soap, env("SOAP_URL"), NULL, request, response)) { \
      soap_print_fault(soap, stderr); \
      exit(1); \
    } \
  } while (0)

static struct xsd__base64Binary part(unsigned char *bytes, size_t length) {
  struct xsd__base64Binary binary = {bytes, (int)length, NULL, NULL, NULL};
  if (is("SOAP_ATTACH", "mtom")) binary.type = "application/octet-stream"; /* a type makes it an attachment */
  return binary;
}

int main(void) {
  struct soap *soap = soap_new1(SOAP_C_UTFSTRING | (is("SOAP_ATTACH", "mtom") ? SOAP_ENC_MTOM | SOAP_IO_CHUNK : 0));
  soap_register_plugin(soap, soap_wsse);
  soap->fmimereadopen = open_movie;
  soap->fmimeread = read_movie;
  soap->fmimereadclose = close_movie;

  struct stat clip;
  stat(env("SOAP_CLIP"), &clip);
  size_t length = (size_t)clip.st_size;
  unsigned char *movie = soap_malloc(soap, length);
  FILE *file = fopen(env("SOAP_CLIP"), "rb");
  if (fread(movie, 1, length, file) != length) return 1;
  rewind(file);

  /* A movie and its job in one call; then wait for it. */
  char *preset = "web-480p";
  struct ns1__ArrayOfString presets = {1, &preset};
  struct ns1__Entry entry = {"client", "gsoap"};
  struct ns1__ArrayOfEntry metadata = {1, &entry};
  struct _ns1__UploadMovie upload_movie;
  soap_default__ns1__UploadMovie(soap, &upload_movie);
  upload_movie.FileName = "clip.mp4";
  upload_movie.Presets = &presets;
  upload_movie.Metadata = &metadata;
  upload_movie.Content = part(movie, length);
  if (is("SOAP_ATTACH", "mtom")) {
    upload_movie.Content.__ptr = (unsigned char *)file;
    upload_movie.Content.__size = 0; /* unknown: read until its end */
  }
  struct _ns1__UploadMovieResponse uploaded;
  CALL(UploadMovie, &upload_movie, &uploaded);
  struct ns1__Job *job = uploaded.Job;
  struct _ns1__GetJob get_job = {job->Id};
  while (!job->Done) {
    usleep(200000);
    struct _ns1__GetJobResponse got;
    CALL(GetJob, &get_job, &got);
    job = got.Job;
  }
  printf("job %s %s\n", job->Id, job->Status);

  /* Its file. */
  struct _ns1__ListFiles list_files = {job->Id, NULL};
  struct _ns1__ListFilesResponse listed;
  CALL(ListFiles, &list_files, &listed);
  struct ns1__OutputFile *found = &listed.Files->OutputFile[0];
  struct _ns1__FetchFile fetch_file = {job->Id, found->Output, found->File->Path, NULL, NULL};
  struct _ns1__FetchFileResponse fetched;
  CALL(FetchFile, &fetch_file, &fetched);
  FILE *out = fopen(env("SOAP_OUT"), "wb");
  fwrite(fetched.Content.__ptr, 1, (size_t)fetched.Content.__size, out);
  fclose(out);

  /* The same movie in two chunks, for a job of its own that is not waited for. */
  LONG64 size = (LONG64)length;
  struct _ns1__BeginUpload begin_upload;
  soap_default__ns1__BeginUpload(soap, &begin_upload);
  begin_upload.FileName = "clip.mp4";
  begin_upload.SizeBytes = &size;
  struct _ns1__BeginUploadResponse begun;
  CALL(BeginUpload, &begin_upload, &begun);
  char *upload_id = begun.Upload->Id;
  size_t half = length / 2;
  struct _ns1__UploadChunk first = {upload_id, 0, part(movie, half)};
  struct _ns1__UploadChunk rest = {upload_id, (LONG64)half, part(movie + half, length - half)};
  struct _ns1__UploadChunkResponse chunk;
  soap->fmimereadopen = NULL; /* from memory this time */
  CALL(UploadChunk, &first, &chunk);
  CALL(UploadChunk, &rest, &chunk);
  struct _ns1__CompleteUpload complete_upload = {upload_id, NULL, NULL};
  struct _ns1__CompleteUploadResponse completed;
  CALL(CompleteUpload, &complete_upload, &completed);
  struct ns1__Source source = {upload_id, NULL};
  struct ns1__Input input = {&source};
  struct ns1__ArrayOfInput inputs = {1, &input};
  struct ns1__OutputRequest output;
  soap_default_ns1__OutputRequest(soap, &output);
  output.Preset = "poster-jpg";
  struct ns1__ArrayOfOutputRequest outputs = {1, &output};
  struct _ns1__SubmitJob submit_job;
  soap_default__ns1__SubmitJob(soap, &submit_job);
  submit_job.Inputs = &inputs;
  submit_job.Outputs = &outputs;
  struct _ns1__SubmitJobResponse second;
  CALL(SubmitJob, &submit_job, &second);
  struct _ns1__CancelJob cancel_job = {second.Job->Id};
  struct _ns1__CancelJobResponse canceled;
  CALL(CancelJob, &cancel_job, &canceled);
  printf("second %s\n", second.Job->Id);

  /* What goes wrong, by its typed detail. */
  struct _ns1__GetJob nothing = {"job_nothing"};
  struct _ns1__GetJobResponse none;
  sign(soap);
  if (soap_call___ns1__GetJob(soap, env("SOAP_URL"), NULL, &nothing, &none)) {
    struct SOAP_ENV__Detail *detail = soap->version == 2 ? soap->fault->SOAP_ENV__Detail : soap->fault->detail;
    if (detail && detail->ns1__ServiceFault)
      printf("fault %s %s\n", detail->ns1__ServiceFault->Code, detail->ns1__ServiceFault->Retryable ? "true" : "false");
    else soap_print_fault(soap, stderr);
  }
  soap_destroy(soap);
  soap_end(soap);
  soap_free(soap);
  return 0;
}
