# Reelmill from Python with zeep. What differs between runs comes from the environment.
import os
import time
from requests import Session
from zeep import Client
from zeep.exceptions import Fault
from zeep.transports import Transport
from zeep.wsse.username import UsernameToken

env = os.environ
session = Session()
wsse = None
if env['SOAP_AUTH'] == 'basic':
    session.auth = ('any', env['SOAP_KEY'])
elif env['SOAP_AUTH'] == 'text':
    wsse = UsernameToken('any', env['SOAP_KEY'])
else:
    wsse = UsernameToken(env['SOAP_USER'], env['SOAP_SECRET'], use_digest=True)

port = 'ReelmillPort12' if env['SOAP_VERSION'] == '1.2' else 'ReelmillPort'
client = Client(env['SOAP_URL'] + '?wsdl', wsse=wsse, transport=Transport(session=session),
                service_name='ReelmillService', port_name=port)
reelmill = client.service
with open(env['SOAP_CLIP'], 'rb') as file:
    movie = file.read()

# A movie and its job in one call; then wait for it.
job = reelmill.UploadMovie(FileName='clip.mp4', Presets={'String': ['web-480p']},
                           Metadata={'Entry': [{'Key': 'client', 'Value': 'zeep'}]}, Content=movie)
while not job.Done:
    time.sleep(0.2)
    job = reelmill.GetJob(JobId=job.Id)
print('job', job.Id, job.Status)

# Its file.
found = reelmill.ListFiles(JobId=job.Id)[0]
with open(env['SOAP_OUT'], 'wb') as file:
    file.write(reelmill.FetchFile(JobId=job.Id, Output=found.Output, Path=found.File.Path))

# The same movie in two chunks, for a job of its own that is not waited for.
upload = reelmill.BeginUpload(FileName='clip.mp4', SizeBytes=len(movie))
half = len(movie) // 2
reelmill.UploadChunk(UploadId=upload.Id, Offset=0, Data=movie[:half])
reelmill.UploadChunk(UploadId=upload.Id, Offset=half, Data=movie[half:])
reelmill.CompleteUpload(UploadId=upload.Id)
second = reelmill.SubmitJob(Inputs={'Input': [{'Source': {'UploadId': upload.Id}}]},
                            Outputs={'OutputRequest': [{'Preset': 'poster-jpg'}]})
reelmill.CancelJob(JobId=second.Id)
print('second', second.Id)

# What goes wrong, by its typed detail.
try:
    reelmill.GetJob(JobId='job_nothing')
except Fault as fault:
    detail = fault.detail.find('{urn:reelmill:v1}ServiceFault')
    detail = client.get_element('{urn:reelmill:v1}ServiceFault').parse(detail, client.wsdl.types)
    print('fault', detail.Code, detail.Retryable)
