"""All calls of AWS. No other folder imports botocore."""
