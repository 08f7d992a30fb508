# A moto server with one bucket and one key that opens it; any other key is refused. Says where it is and how it is opened,
# and runs until its input ends: the test is over, however it ended.
import json
import os
import sys

# So many requests need no key: those that make the user, its right, its key and the bucket.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "4"

import boto3
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
anybody = {
    "endpoint_url": f"http://{host}:{port}",
    "region_name": "us-east-1",
    "aws_access_key_id": "nobody",
    "aws_secret_access_key": "nobody",
}
iam = boto3.client("iam", **anybody)
iam.create_user(UserName="calls")
right = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
iam.put_user_policy(UserName="calls", PolicyName="all", PolicyDocument=json.dumps(right))
key = iam.create_access_key(UserName="calls")["AccessKey"]
boto3.client("s3", **anybody).create_bucket(Bucket=sys.argv[1])
print(port, key["AccessKeyId"], key["SecretAccessKey"], flush=True)
sys.stdin.read()
os._exit(0)
