<?php
// Reelmill from PHP's SoapClient in WSDL mode. What differs between runs comes from the environment.
$env = getenv();
$options = [
  'soap_version' => $env['SOAP_VERSION'] === '1.2' ? SOAP_1_2 : SOAP_1_1,
  'cache_wsdl' => WSDL_CACHE_NONE,
  'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
];
if ($env['SOAP_AUTH'] === 'basic') $options += ['login' => 'any', 'password' => $env['SOAP_KEY']];
$client = new SoapClient($env['SOAP_URL'] . '?wsdl', $options);

// PHP has no WS-Security of its own; this is all that it takes, anew for each call.
function token(array $env): SoapHeader {
  $wsse = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
  $wsu = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';
  $profile = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0';
  if ($env['SOAP_AUTH'] === 'text') {
    $inner = "<w:Username>any</w:Username><w:Password Type=\"$profile#PasswordText\">{$env['SOAP_KEY']}</w:Password>";
  } else {
    $nonce = random_bytes(16);
    $created = gmdate('Y-m-d\TH:i:s\Z');
    $digest = base64_encode(sha1($nonce . $created . $env['SOAP_SECRET'], true));
    $inner = "<w:Username>{$env['SOAP_USER']}</w:Username><w:Password Type=\"$profile#PasswordDigest\">$digest</w:Password>"
      . '<w:Nonce>' . base64_encode($nonce) . "</w:Nonce><u:Created>$created</u:Created>";
  }
  $xml = "<w:Security xmlns:w=\"$wsse\" xmlns:u=\"$wsu\"><w:UsernameToken>$inner</w:UsernameToken></w:Security>";
  return new SoapHeader($wsse, 'Security', new SoapVar($xml, XSD_ANYXML), true);
}

$call = function (string $name, array $request) use ($client, $env) {
  $header = $env['SOAP_AUTH'] === 'basic' ? null : token($env);
  return $client->__soapCall($name, [$request], null, $header);
};

// A movie and its job in one call; then wait for it.
$movie = file_get_contents($env['SOAP_CLIP']);
$job = $call('UploadMovie', [
  'FileName' => 'clip.mp4',
  'Presets' => ['String' => ['web-480p']],
  'Metadata' => ['Entry' => [['Key' => 'client', 'Value' => 'php']]],
  'Content' => $movie,
])->Job;
while (!$job->Done) {
  usleep(200_000);
  $job = $call('GetJob', ['JobId' => $job->Id])->Job;
}
echo "job {$job->Id} {$job->Status}\n";

// Its file.
$file = $call('ListFiles', ['JobId' => $job->Id])->Files->OutputFile[0];
$bytes = $call('FetchFile', ['JobId' => $job->Id, 'Output' => $file->Output, 'Path' => $file->File->Path])->Content;
file_put_contents($env['SOAP_OUT'], $bytes);

// The same movie in two chunks, for a job of its own that is not waited for.
$upload = $call('BeginUpload', ['FileName' => 'clip.mp4', 'SizeBytes' => strlen($movie)])->Upload;
$offset = 0;
foreach (str_split($movie, intdiv(strlen($movie), 2) + 1) as $chunk) {
  $call('UploadChunk', ['UploadId' => $upload->Id, 'Offset' => $offset, 'Data' => $chunk]);
  $offset += strlen($chunk);
}
$call('CompleteUpload', ['UploadId' => $upload->Id]);
$second = $call('SubmitJob', [
  'Inputs' => ['Input' => [['Source' => ['UploadId' => $upload->Id]]]],
  'Outputs' => ['OutputRequest' => [['Preset' => 'poster-jpg']]],
])->Job;
$call('CancelJob', ['JobId' => $second->Id]);
echo "second {$second->Id}\n";

// What goes wrong, by its typed detail.
try {
  $call('GetJob', ['JobId' => 'job_nothing']);
} catch (SoapFault $fault) {
  $detail = $fault->detail->ServiceFault;
  echo 'fault ', $detail->Code, ' ', var_export($detail->Retryable, true), "\n";
}
