"""How long a request to AWS takes within a region, in milliseconds, as far as the pages of benchmarks assume it.

They are assumptions: nobody has measured them for these pages. AWS says that small objects take "roughly 100-200
milliseconds" until the first byte (Amazon S3 User Guide, "Best practices design patterns: optimizing Amazon S3
performance"); from a function in the same region, it is usually less. Shorter times favour the ways that wait for one
request after the other, so these are at the short end.
"""

# S3: GetObject, HeadObject and PutObject of an object that is a few kilobytes large.
GET_MS, HEAD_MS, PUT_MS = 20, 12, 30
# InvokeEndpoint, without the time that the endpoint itself needs. CloudWatch calls this OverheadLatency.
INVOKE_MS = 8
# A synchronous call of a warm Lambda function, without its own time: taken to be as fast as that of an endpoint.
LAMBDA_MS = INVOKE_MS
