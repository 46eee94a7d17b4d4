"""All calls of AWS. No other folder imports boto3 or botocore."""
