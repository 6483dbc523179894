# Reelmill from Perl with SOAP::Lite, which makes its calls without a WSDL. What differs between runs comes from the
# environment.
use strict;
use warnings;
use MIME::Base64;
use Time::HiRes 'sleep';
use URI;
use SOAP::Lite;

my $key = $ENV{SOAP_KEY};
# SOAP::Lite asks here when the server wants HTTP Basic.
sub SOAP::Transport::HTTP::Client::get_basic_credentials { return ('any', $key) }

# The version first: what is made before it keeps the namespace of SOAP 1.1.
SOAP::Lite->soapversion($ENV{SOAP_VERSION});
my $soap = SOAP::Lite->proxy($ENV{SOAP_URL})->default_ns('urn:reelmill:v1')->autotype(0)->readable(0)
  ->on_action(sub { "urn:reelmill:v1/$_[1]" })
  ->on_fault(sub { my (undef, $answer) = @_; return $answer if ref $answer; die "no answer: $answer" });
$soap->transport->proxy->timeout(60);

sub call {
  my ($name, @elements) = @_;
  my $answer = $soap->call($name, @elements);
  die $answer->valueof('//ServiceFault/Message') . "\n" if $answer->fault;
  return $answer->result;
}
sub element { my ($name, $value) = @_; return SOAP::Data->name($name => $value) }
sub nested { my ($name, @inner) = @_; return SOAP::Data->name($name => \SOAP::Data->value(@inner)) }

open my $file, '<:raw', $ENV{SOAP_CLIP} or die $!;
my $movie = do { local $/; <$file> };

# A movie and its job in one call; then wait for it.
my $job = call('UploadMovie', element(FileName => 'clip.mp4'),
  nested(Presets => element(String => 'web-480p')),
  nested(Metadata => nested(Entry => element(Key => 'client'), element(Value => 'perl'))),
  element(Content => encode_base64($movie)));
while ($job->{Done} ne 'true') {
  sleep 0.2;
  $job = call('GetJob', element(JobId => $job->{Id}));
}
print "job $job->{Id} $job->{Status}\n";

# Its file.
my $found = call('ListFiles', element(JobId => $job->{Id}))->{OutputFile};
$found = $found->[0] if ref $found eq 'ARRAY';
my $bytes = call('FetchFile', element(JobId => $job->{Id}), element(Output => $found->{Output}),
  element(Path => $found->{File}{Path}));
open my $out, '>:raw', $ENV{SOAP_OUT} or die $!;
print $out decode_base64($bytes);
close $out;

# The same movie in two chunks, for a job of its own that is not waited for.
my $upload = call('BeginUpload', element(FileName => 'clip.mp4'), element(SizeBytes => length $movie));
my $half = int(length($movie) / 2);
for my $part ([0, $half], [$half, length($movie) - $half]) {
  my ($offset, $length) = @$part;
  call('UploadChunk', element(UploadId => $upload->{Id}), element(Offset => $offset),
    element(Data => encode_base64(substr $movie, $offset, $length)));
}
call('CompleteUpload', element(UploadId => $upload->{Id}));
my $second = call('SubmitJob', nested(Inputs => nested(Input => nested(Source => element(UploadId => $upload->{Id})))),
  nested(Outputs => nested(OutputRequest => element(Preset => 'poster-jpg'))));
call('CancelJob', element(JobId => $second->{Id}));
print "second $second->{Id}\n";

# What goes wrong, by the detail of the fault.
my $answer = $soap->call('GetJob', element(JobId => 'job_nothing'));
my $detail = $answer->valueof('//ServiceFault');
print "fault $detail->{Code} $detail->{Retryable}\n";
